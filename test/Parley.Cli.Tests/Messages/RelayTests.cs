using System.Text.Json;

namespace Parley.Cli.Tests.Messages;

/// <summary><c>relay</c> of messages: nothing that was taken is lost in silence.</summary>
public sealed class RelayTests : IDisposable
{
    private readonly TestFolder _folder = new();

    private string Socket => $"unix:{_folder["s"]}";

    public void Dispose() => _folder.Dispose();

    [SkippableFact]
    public async Task QueueToUdp_AMessageADatagram()
    {
        using TestQueue queue = await TestQueue.CreateAsync();
        await using ListeningCommand receive = await Command.ListenAsync("receive", "udp://127.0.0.1:0", "--count", "3", "--output", "nul");
        await using ChildProcess relay = Command.Start("relay", queue.Endpoint, receive.Endpoint, "-v");
        await queue.PutAsync("one", "", "line\nfeed");

        Assert.Equal("one\0\0line\nfeed\0", (await receive.EndAsync()).MustExit(0).Text);
        relay.Send(Signal.Terminate);

        Assert.Contains("3 messages, 12 bytes", (await relay.EndAsync()).MustExit(0).Error, StringComparison.Ordinal);
    }

    [SkippableFact]
    public async Task QueueToUdp_NobodyThereYet_NothingIsLost()
    {
        using TestQueue queue = await TestQueue.CreateAsync();
        string target;
        await using (ListeningCommand gone = await Command.ListenAsync("receive", "udp://127.0.0.1:0"))
            target = gone.Endpoint;
        await using ChildProcess relay = Command.Start("relay", queue.Endpoint, target, "-v");
        await queue.PutAsync("one", "two", "three");
        await relay.WaitForErrorAsync("connection refused.*; trying again");

        await using ListeningCommand receive = await Command.ListenAsync("receive", target, "--count", "3");

        Assert.Equal("one\ntwo\nthree\n", (await receive.EndAsync()).MustExit(0).Text);
        relay.Send(Signal.Terminate);
        Assert.Contains("3 messages, 11 bytes", (await relay.EndAsync()).MustExit(0).Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task SendToUdp_NobodyThere_IsRefused()
    {
        string target;
        await using (ListeningCommand gone = await Command.ListenAsync("receive", "udp://127.0.0.1:0"))
            target = gone.Endpoint;

        CommandResult send = await Command.RunAsync("send", target, "one");

        Assert.Contains("connection refused (ECONNREFUSED)", send.MustExit(1).Error, StringComparison.Ordinal);
    }

    [SkippableFact]
    public async Task UdpToQueue_ADatagramAMessage()
    {
        using TestQueue queue = await TestQueue.CreateAsync();
        await using ListeningCommand relay = await Command.ListenAsync("relay", "udp://127.0.0.1:0", queue.Endpoint);
        (await Command.RunAsync("send", relay.Endpoint, "one", "two")).MustExit(0);
        await QueueTests.EventuallyCountsAsync(queue, 2);

        (await relay.StopAsync()).MustExit(0);

        Assert.Equal("one\ntwo\n", await queue.TakeAsync());
    }

    [SkippableFact]
    public async Task QueueToQueue_TargetFull_TakesNoMoreThanFits()
    {
        using TestQueue source = await TestQueue.CreateAsync();
        using TestQueue target = await TestQueue.CreateAsync(capacity: 1);
        await source.PutAsync("one", "two", "three");
        await using ChildProcess relay = Command.Start("relay", source.Endpoint, target.Endpoint);
        await QueueTests.EventuallyCountsAsync(target, 1);

        relay.Send(Signal.Terminate);

        (await relay.EndAsync()).MustExit(0);
        Assert.Equal("one\n", await target.TakeAsync());
        Assert.Equal("two\nthree\n", await source.TakeAsync());
    }

    [SkippableFact]
    public async Task Once_MovesOneMessage()
    {
        using TestQueue source = await TestQueue.CreateAsync();
        using TestQueue target = await TestQueue.CreateAsync();
        await source.PutAsync("one", "two");

        (await Command.RunAsync("relay", source.Endpoint, target.Endpoint, "--once")).MustExit(0);

        Assert.Equal("one\n", await target.TakeAsync());
        Assert.Equal("two\n", await source.TakeAsync());
    }

    [SkippableFact]
    public async Task ClientsToQueue_EveryClientsMessagesArrive()
    {
        using TestQueue queue = await TestQueue.CreateAsync();
        await using ListeningCommand relay = await Command.ListenAsync("relay", Socket, queue.Endpoint, "--frame", "line");
        await Task.WhenAll(Enumerable.Range(0, 3).Select(async number =>
            (await Command.RunAsync("send", Socket, "--frame", "line", $"{number}")).MustExit(0)));
        await QueueTests.EventuallyCountsAsync(queue, 3);

        (await relay.StopAsync()).MustExit(0);

        Assert.Equal(["0", "1", "2"], (await queue.TakeAsync()).Split('\n', StringSplitOptions.RemoveEmptyEntries).Order(StringComparer.Ordinal));
    }

    [SkippableFact]
    public async Task QueueToStream_TargetKilled_NothingIsLost()
    {
        using TestQueue queue = await TestQueue.CreateAsync();
        await using ListeningCommand first = await Command.ListenAsync("receive", Socket, "--frame", "len32");
        await using ChildProcess relay = Command.Start("relay", queue.Endpoint, Socket, "--frame", "len32", "-v");
        await queue.PutAsync("one");
        await first.Process.WaitForOutputAsync("one\n".Length);

        await first.StopAsync(Signal.Kill);
        await queue.PutAsync("two", "three");
        await relay.WaitForErrorAsync("trying again");

        // Of how many is said only where there is a number.
        await relay.WaitForErrorAsync("^parley: Try 1: cannot connect to unix:");
        await using ListeningCommand second = await Command.ListenAsync("receive", Socket, "--frame", "len32", "--count", "2");

        Assert.Equal("two\nthree\n", (await second.EndAsync()).MustExit(0).Text);
        relay.Send(Signal.Terminate);
        (await relay.EndAsync()).MustExit(0);
    }

    [SkippableFact]
    public async Task QueueToStream_TargetGoneForGood_EverythingIsInTheQueue()
    {
        using TestQueue queue = await TestQueue.CreateAsync();
        await using ListeningCommand target = await Command.ListenAsync("receive", Socket, "--frame", "len32");
        await using ChildProcess relay = Command.Start("relay", queue.Endpoint, Socket, "--frame", "len32", "--retry", "1");
        await queue.PutAsync("one");
        await target.Process.WaitForOutputAsync("one\n".Length);

        await target.StopAsync(Signal.Kill);
        CommandResult gaveUp = await relay.EndAsync();
        await queue.PutAsync("two");

        gaveUp.MustExit(3);
        Assert.Equal("two\n", await queue.TakeAsync());
    }

    [SkippableFact]
    public async Task NoTarget_IsToldAndNothingIsTaken()
    {
        using TestQueue queue = await TestQueue.CreateAsync();
        await queue.PutAsync("one");

        Errors.Failure.MustBe(await Command.RunAsync("relay", queue.Endpoint, Socket, "--frame", "line"), "3", "cannot connect to unix:");

        Assert.Equal("one\n", await queue.TakeAsync());
    }

    [SkippableTheory]
    [InlineData("unix:", "--frame=line")]
    [InlineData("fifo:", "--frame=line")]
    [InlineData("shm:", "-v")]
    public async Task NoTargetQueue_IsToldBeforeClientsCome(string scheme, string option)
    {
        using TestQueue queue = TestQueue.Unmade();
        using var fifo = new Fifos.Fifo();
        string source = scheme + (scheme == "fifo:" ? fifo.Path : _folder["s"]);

        CommandResult result = (await Command.RunAsync("relay", source, queue.Endpoint, option)).MustExit(3);

        Assert.Contains($"parley: cannot open {queue.Endpoint}: there is no queue of that name (ENOENT)\n", result.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("listening", result.Error, StringComparison.Ordinal);
        Assert.False(File.Exists(_folder["s"]));
    }

    [SkippableFact]
    public async Task TooLongForTarget_IsPutBackAndTold()
    {
        using TestQueue source = await TestQueue.CreateAsync();
        using TestQueue target = await TestQueue.CreateAsync(messageSize: 2);
        (await Command.RunAsync("send", source.Endpoint, "--priority", "5", "long")).MustExit(0);

        CommandResult result = await Command.RunAsync("relay", source.Endpoint, target.Endpoint);

        result.MustExit(1);
        Assert.Contains($"a message of 4 bytes was put back into {source.Endpoint}, behind those of its priority (5)", result.Error, StringComparison.Ordinal);
        Assert.Equal("long\n", await source.TakeAsync());
    }

    [SkippableFact]
    public async Task TooLongForTarget_WithAPlaceForIt_GoesOn()
    {
        using TestQueue source = await TestQueue.CreateAsync();
        using TestQueue target = await TestQueue.CreateAsync(messageSize: 2);
        await source.PutAsync("long", "ok");
        await using ChildProcess relay = Command.Start("relay", source.Endpoint, target.Endpoint, "--dead-letter", _folder["lost"]);
        await QueueTests.EventuallyCountsAsync(target, 1);

        relay.Send(Signal.Terminate);

        (await relay.EndAsync()).MustExit(0);
        Assert.Equal("ok\n", await target.TakeAsync());
        using var lost = JsonDocument.Parse(await File.ReadAllTextAsync(_folder["lost"]));
        Assert.Equal("long", lost.RootElement.GetProperty("text").GetString());
        Assert.Equal(source.Endpoint, lost.RootElement.GetProperty("peer").GetString());
    }

    [SkippableFact]
    public async Task Once_MessageToTheDeadLetters_IsTheOne()
    {
        using TestQueue queue = await TestQueue.CreateAsync();
        await queue.PutAsync("line\nfeed", "two");
        await using ListeningCommand receive = await Command.ListenAsync("receive", Socket, "--frame", "line");

        (await Command.RunAsync("relay", queue.Endpoint, Socket, "--frame", "line", "--once", "--dead-letter", _folder["lost"])).MustExit(0);

        Assert.Contains("\"text\":\"line\\nfeed\"", await File.ReadAllTextAsync(_folder["lost"]), StringComparison.Ordinal);
        Assert.Equal("two\n", await queue.TakeAsync());
    }

    [SkippableFact]
    public async Task OnceClients_MessageToTheDeadLetters_EndsAfterItsClient()
    {
        using TestQueue target = await TestQueue.CreateAsync(messageSize: 2);
        await using ListeningCommand relay = await Command.ListenAsync("relay", Socket, target.Endpoint, "--frame", "line", "--once", "--dead-letter", _folder["lost"]);

        (await Command.RunAsync("send", Socket, "--frame", "line", "long")).MustExit(0);

        (await relay.EndAsync()).MustExit(0);
        Assert.Contains("\"text\":\"long\"", await File.ReadAllTextAsync(_folder["lost"]), StringComparison.Ordinal);
    }

    [SkippableTheory]
    [InlineData("none/lost", @"no such file or directory \(ENOENT\)")]
    [InlineData("", @"is a directory \(EISDIR\)")]
    public async Task DeadLetter_CannotBeOpened_IsToldBeforeAnythingIsTaken(string file, string cause)
    {
        CommandResult result = await Command.RunAsync("relay", "udp://127.0.0.1:0", "mq:/none", "--dead-letter", _folder[file]);

        Errors.Failure.MustBe(result, "1", $"--dead-letter: cannot open {_folder[file]}: {cause}$");
    }

    [SkippableFact]
    public async Task DeadLetter_FullDevice_IsToldOnceAndTheMessageWrittenOut()
    {
        using TestQueue target = await TestQueue.CreateAsync(messageSize: 2);
        await using ListeningCommand relay = await Command.ListenAsync("relay", "udp://127.0.0.1:0", target.Endpoint, "--dead-letter", "/dev/full");
        (await Command.RunAsync("send", relay.Endpoint, "long")).MustExit(0);

        CommandResult result = (await relay.EndAsync()).MustExit(1);

        Assert.Equal("parley: cannot write to /dev/full: no space left on device (ENOSPC)", Assert.Single(result.ErrorLines, static line => line.Contains("/dev/full", StringComparison.Ordinal)));
        Assert.Contains("\"text\":\"long\"", result.Error, StringComparison.Ordinal);
    }

    /// <summary>As <c>send</c> ends with such a message.</summary>
    [SkippableFact]
    public async Task MessageWithWhatEndsOne_IsPutBackAndAFailureOfItsOwn()
    {
        using TestQueue queue = await TestQueue.CreateAsync();
        await queue.PutAsync("line\nfeed");
        await using ListeningCommand receive = await Command.ListenAsync("receive", Socket, "--frame", "line");

        CommandResult result = (await Command.RunAsync("relay", queue.Endpoint, Socket, "--frame", "line")).MustExit(1);

        Assert.Equal(
            [
                $"parley: a message of 9 bytes was put back into {queue.Endpoint}, behind those of its priority (0)",
                $"parley: cannot send to {Socket}: the message contains a line feed, which ends each message of this framing",
                "  hint: --frame len32 takes any bytes, if the peer speaks it",
            ],
            result.ErrorLines);
        Assert.Equal(1, await queue.CountAsync());
    }

    [SkippableFact]
    public async Task ClientsMessageWithWhatEndsOne_IsWrittenOutAndAFailureOfItsOwn()
    {
        await using ListeningCommand receive = await Command.ListenAsync("receive", Socket, "--frame", "line");
        await using ListeningCommand relay = await Command.ListenAsync("relay", "udp://127.0.0.1:0", Socket, "--frame", "line");
        (await Command.RunAsync("send", relay.Endpoint, "line\nfeed")).MustExit(0);

        CommandResult result = (await relay.EndAsync()).MustExit(1);

        Assert.Contains("a message was not delivered: ", result.Error, StringComparison.Ordinal);
        Assert.Contains("\"text\":\"line\\nfeed\"", result.Error, StringComparison.Ordinal);
    }

    [SkippableFact]
    public async Task ClientsMessageTooLong_IsWrittenOutInFull()
    {
        using TestQueue target = await TestQueue.CreateAsync(messageSize: 2);
        await using ListeningCommand relay = await Command.ListenAsync("relay", Socket, target.Endpoint, "--frame", "len32");
        byte[] message = [0, 1, 0xff];
        await using ChildProcess send = Command.Start("send", Socket, "--frame", "len32", "--whole");
        await send.WriteAsync(message, close: true);

        CommandResult result = await relay.EndAsync();

        result.MustExit(1);
        Assert.Contains($"\"base64\":\"{Convert.ToBase64String(message)}\"", result.Error, StringComparison.Ordinal);
        await send.EndAsync();
    }
}
