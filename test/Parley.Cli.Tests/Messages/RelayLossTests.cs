using System.Net.Sockets;

namespace Parley.Cli.Tests.Messages;

/// <summary>What <c>relay</c> can no longer bring to its target, it tells.</summary>
public sealed class RelayLossTests
{
    private const string Message = "what is on its way";

    [SkippableFact]
    public async Task TargetClosesUnread_TheLossIsTold_AndTheNextOneGetsTheRest()
    {
        using TestQueue queue = await TestQueue.CreateAsync();
        await using var target = RawListener.Open();
        await using ChildProcess relay = Command.Start("relay", queue.Endpoint, target.Endpoint, "--frame", "line");
        await queue.PutAsync(Message);
        using (Socket first = await RawSocket.AcceptAsync(target.Socket))
            await Eventually.TrueAsync(() => first.Available == Message.Length + 1, "the message is there");

        await relay.WaitForErrorAsync("cannot close cleanly tcp:.*connection reset by peer");
        await queue.PutAsync("later");
        using Socket second = await RawSocket.AcceptAsync(target.Socket);
        Assert.Equal("later\n"u8.ToArray(), await RawSocket.ReadExactlyAsync(second, "later\n".Length));
        relay.Send(Signal.Terminate);
        Assert.Empty(await RawSocket.ReadToEndAsync(second));
        second.Close();

        Errors.Failure.MustBe(await relay.EndAsync(), "5", "cannot close cleanly tcp:");
    }

    [SkippableFact]
    public async Task TargetsNameRemoved_NothingGoesIntoTheOldQueue()
    {
        using TestQueue source = await TestQueue.CreateAsync();
        using TestQueue target = await TestQueue.CreateAsync();
        await using ChildProcess relay = Command.Start("relay", source.Endpoint, target.Endpoint, "--retry", "0");
        await source.PutAsync("one");
        await QueueTests.EventuallyCountsAsync(target, 1);
        (await Command.RunAsync("remove", target.Endpoint)).MustExit(0);

        await source.PutAsync("two", "three");

        Errors.Failure.MustBe(await relay.EndAsync(), "1", "the queue was removed");
        Assert.Equal("two\nthree\n", await source.TakeAsync());
    }
}
