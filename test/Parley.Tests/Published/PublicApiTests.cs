namespace Parley.Tests.Published;

/// <summary>What others build on: it changes on purpose or not at all.</summary>
public sealed class PublicApiTests
{
    private const string AcceptVariable = "UPDATE_PUBLIC_API";

    private static readonly string Source = Path.Combine("test", "Parley.Tests", "PublicApi.txt");

    [Fact]
    public async Task PublicApi_OfTheLibrary_IsTheRecordedOne()
    {
        string[] actual = PublicApi.Describe(typeof(Connection).Assembly);
        if (Environment.GetEnvironmentVariable(AcceptVariable) == "1")
        {
            await File.WriteAllLinesAsync(Path.Combine(Repository.Root, Source), actual);
            return;
        }

        string recordedFile = Path.Combine(AppContext.BaseDirectory, "PublicApi.txt");
        string[] recorded = await File.ReadAllLinesAsync(recordedFile);
        if (recorded.SequenceEqual(actual))
            return;

        string actualFile = Path.Combine(AppContext.BaseDirectory, "PublicApi.actual.txt");
        await File.WriteAllLinesAsync(actualFile, actual);
        Assert.Fail(
            $"""
            The public API is not the one that {Source} records (- recorded, + actual):
            {string.Join('\n', Differences(recorded, actual))}

            All of it is in {actualFile}.
            To accept it, run this test once with {AcceptVariable}=1, and look at the change before it is committed.
            """);
    }

    // Each line names its type, so lines can be compared as sets.
    private static IEnumerable<string> Differences(string[] recorded, string[] actual)
        => recorded.Except(actual, StringComparer.Ordinal).Select(line => "- " + line)
            .Concat(actual.Except(recorded, StringComparer.Ordinal).Select(line => "+ " + line))
            .OrderBy(line => line[2..], StringComparer.Ordinal)
            .DefaultIfEmpty("(only the order of the lines)");
}
