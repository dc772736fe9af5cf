using System.Globalization;

namespace Parley.Tests.Messaging.Framing;

/// <summary>
/// The parsers meet what nobody meant to send: seeds, mutated, in pieces and segments of any size. A naive parser says what is right.
/// PARLEY_FUZZ_INPUTS is how many inputs each framing gets, PARLEY_FUZZ_SEED repeats a run.
/// </summary>
public sealed class FuzzTests
{
    private const long InputsByDefault = 100_000;

    [Theory]
    [InlineData(MessageFraming.Line)]
    [InlineData(MessageFraming.Nul)]
    [InlineData(MessageFraming.Len32)]
    public void MutatedInputs_AreParsedAsTheNaiveParserDoes(MessageFraming framing)
    {
        long inputs = Variable("PARLEY_FUZZ_INPUTS") ?? InputsByDefault;
        long first = Variable("PARLEY_FUZZ_SEED") ?? Environment.TickCount64;
        var run = new FuzzRun(framing);
        for (long i = 0; i < inputs; i++)
        {
            try
            {
                run.One(new Dice(first + i));
            }
            catch (Exception failure)
            {
                throw new InvalidOperationException($"PARLEY_FUZZ_SEED={first + i} PARLEY_FUZZ_INPUTS=1 repeats it: {run.Describe()}", failure);
            }
        }

        Assert.True(inputs < 1000 || run.SawEveryOutcome, "the mutations do not lead to every outcome");
    }

    private static long? Variable(string name)
        => Environment.GetEnvironmentVariable(name) is { Length: > 0 } text ? long.Parse(text, CultureInfo.InvariantCulture) : null;
}
