using System.Text;

namespace Parley.Cli.Tests.Messages;

/// <summary>A <c>send</c> that a signal ends within a message of its input says so.</summary>
public sealed class PartialInputTests
{
    [SkippableTheory]
    [InlineData("line", "a\npart", "4 bytes")]
    [InlineData("nul", "a\0p", "1 byte")]
    [InlineData("len32", "\0\0\0\u0001a\0\0\0\u0005par", "7 bytes")]
    public async Task Send_InterruptedWithinAMessage_SaysWhatWasNotSent(string cut, string input, string rest)
    {
        using TestQueue queue = await TestQueue.CreateAsync();
        await using ChildProcess send = Command.Start("send", queue.Endpoint, "--input", cut);
        await send.WriteAsync(Encoding.UTF8.GetBytes(input));
        await QueueTests.EventuallyCountsAsync(queue, 1);

        send.Send(Signal.Terminate);

        Assert.Equal(
            $"{queue.Endpoint}: 1 message sent, 1 byte; not sent: {rest} of a message that had no end yet\n", (await send.EndAsync()).MustExit(130).Error);
    }

    [SkippableFact]
    public async Task Send_InterruptedBetweenTwoMessages_HasNothingLeft()
    {
        using TestQueue queue = await TestQueue.CreateAsync();
        await using ChildProcess send = Command.Start("send", queue.Endpoint);
        await send.WriteAsync("a\n"u8.ToArray());
        await QueueTests.EventuallyCountsAsync(queue, 1);

        send.Send(Signal.Terminate);

        Assert.Equal($"{queue.Endpoint}: 1 message sent, 1 byte\n", (await send.EndAsync()).MustExit(130).Error);
    }

    [SkippableFact]
    public async Task Send_InputThatEndsWithinAMessage_SaysWhichInput()
    {
        using TestQueue queue = await TestQueue.CreateAsync();

        CommandResult result = await Command.RunAsync(new Launch("send", queue.Endpoint, "--input", "len32") { Input = [0, 0, 0, 9, 1] });

        Assert.Contains("parley: cannot read from standard input: it ends within message 1\n", result.MustExit(5).Error, StringComparison.Ordinal);
    }
}
