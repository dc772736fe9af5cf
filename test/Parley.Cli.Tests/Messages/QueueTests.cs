using System.Globalization;
using System.Text;
using System.Text.Json;

namespace Parley.Cli.Tests.Messages;

/// <summary><c>send</c> and <c>receive</c> on queues: with C programs, and between two commands.</summary>
public sealed class QueueTests
{
    private static byte[] AllBytes => [.. Enumerable.Range(0, 256).Select(static value => (byte)value)];

    [SkippableFact]
    public async Task Send_Arguments_AreWhatACProgramReceives()
    {
        using TestQueue queue = await TestQueue.CreateAsync();
        (await Command.RunAsync("send", queue.Endpoint, "low", "")).MustExit(0);
        (await Command.RunAsync("send", queue.Endpoint, "--priority", "9", "--", "--high")).MustExit(0);

        CommandResult received = (await CPrograms.RunAsync("queue", "receive", queue.Name, "3")).MustExit(0);

        Assert.Equal($"9 6 {Hex("--high")}\n0 3 {Hex("low")}\n0 0 \n", received.Text);
    }

    [SkippableFact]
    public async Task SendWhole_EveryByte_ArrivesAsItIs()
    {
        using TestQueue queue = await TestQueue.CreateAsync();
        (await Command.RunAsync(new Launch("send", queue.Endpoint, "--whole") { Input = AllBytes })).MustExit(0);

        CommandResult received = (await CPrograms.RunAsync("queue", "receive", queue.Name, "1")).MustExit(0);

        Assert.Equal($"0 256 {Convert.ToHexStringLower(AllBytes)}\n", received.Text);
    }

    [SkippableTheory]
    [InlineData("line", "a\n\nbc", "a|bc|")]
    [InlineData("line", "a\n\nbc\n", "a|bc|")]
    [InlineData("nul", "a\0\0b\nc\0", "a||b\nc|")]
    [InlineData("nul", "a\0b", "a|b|")]
    [InlineData("len32", "\0\0\0\u0001a\0\0\0\0\0\0\0\u0003b\0c", "a||b\0c|")]
    [InlineData("whole", "a\nb\n", "a\nb\n|")]
    [InlineData("whole", "", "|")]
    [InlineData("line", "", "")]
    public async Task SendInput_Cut_IsReceivedInPieces(string input, string bytes, string expected)
    {
        using TestQueue queue = await TestQueue.CreateAsync();

        CommandResult sent = await Command.RunAsync(new Launch("send", queue.Endpoint, "--input", input, "-v") { Input = Encoding.UTF8.GetBytes(bytes) });

        sent.MustExit(0);
        string[] pieces = expected.Length == 0 ? [] : expected.Split('|')[..^1];
        if (string.Equals(input, "line", StringComparison.Ordinal) && pieces.Length > 0)
            pieces = ["a", "", "bc"];
        Assert.Contains($"{pieces.Length} message", sent.Error, StringComparison.Ordinal);
        CommandResult received = await Command.RunAsync("receive", queue.Endpoint, "--no-wait", "--json");
        received.MustExit(pieces.Length == 0 ? 4 : 0);
        Assert.Equal(pieces, Lines(received).Select(static line => line.GetProperty("text").GetString()));
    }

    [SkippableTheory]
    [InlineData("line", "61ff0a0a0a")]
    [InlineData("nul", "61ff000a00")]
    [InlineData("len32", "0000000261ff000000010a")]
    [InlineData("raw", "61ff0a")]
    public async Task Receive_Output_IsExact(string output, string expected)
    {
        using TestQueue queue = await TestQueue.CreateAsync();
        await PutAsync(queue, 0, [(byte)'a', 0xff]);
        await PutAsync(queue, 0, "\n"u8.ToArray());

        CommandResult received = await Command.RunAsync("receive", queue.Endpoint, "--no-wait", "--output", output);

        Assert.Equal(expected, Convert.ToHexStringLower(received.MustExit(0).Output));
    }

    [SkippableFact]
    public async Task ReceiveJson_CProgramSends_TellsAll()
    {
        using TestQueue queue = await TestQueue.CreateAsync();
        await PutAsync(queue, 3, "text\n"u8.ToArray());
        await PutAsync(queue, 2, AllBytes);
        await PutAsync(queue, 1, []);

        JsonElement[] lines = Lines((await Command.RunAsync("receive", queue.Endpoint, "--count", "3", "--json")).MustExit(0));

        Assert.Equal([3, 2, 1], lines.Select(static line => line.GetProperty("priority").GetInt32()));
        Assert.Equal([5, 256, 0], lines.Select(static line => line.GetProperty("size").GetInt32()));
        Assert.Equal("text\n", lines[0].GetProperty("text").GetString());
        Assert.Equal(AllBytes, lines[1].GetProperty("base64").GetBytesFromBase64());
        Assert.Equal("", lines[2].GetProperty("text").GetString());
        Assert.All(lines, static line => Assert.Equal(
            TimeSpan.Zero, DateTimeOffset.Parse(line.GetProperty("time").GetString()!, CultureInfo.InvariantCulture).Offset));
    }

    [SkippableFact]
    public async Task Receive_Count_LeavesTheRest()
    {
        using TestQueue queue = await TestQueue.CreateAsync();
        await queue.PutAsync("one", "two", "three");

        Assert.Equal("one\ntwo\n", (await Command.RunAsync("receive", queue.Endpoint, "--count", "2")).MustExit(0).Text);
        Assert.Equal("three\n", await queue.TakeAsync());
    }

    [SkippableFact]
    public async Task Receive_NothingThere_SaysSo()
    {
        using TestQueue queue = await TestQueue.CreateAsync();

        Errors.Failure.MustBe(await Command.RunAsync("receive", queue.Endpoint, "--no-wait"), "4", "no message is there");
        Errors.Failure.MustBe(await Command.RunAsync("receive", queue.Endpoint, "--timeout", "0.05"), "4", @"no message came for 0\.05 s");
    }

    [SkippableFact]
    public async Task Receive_WaitsForMessages_UntilTerminated()
    {
        using TestQueue queue = await TestQueue.CreateAsync();
        await using ChildProcess receive = Command.Start("receive", queue.Endpoint);
        await queue.PutAsync("one", "two");
        await receive.WaitForOutputAsync("one\ntwo\n".Length);

        receive.Send(Signal.Terminate);

        Assert.Equal("one\ntwo\n", (await receive.EndAsync()).MustExit(0).Text);
    }

    [SkippableFact]
    public async Task ReceiveCount_Interrupted_IsNotDone()
    {
        using TestQueue queue = await TestQueue.CreateAsync();
        await using ChildProcess receive = Command.Start("receive", queue.Endpoint, "--count", "2");
        await queue.PutAsync("one");
        await receive.WaitForOutputAsync("one\n".Length);

        receive.Send(Signal.Interrupt);

        (await receive.EndAsync()).MustExit(130);
    }

    [SkippableFact]
    public async Task Receive_NobodyReadsItsOutput_TakesNoMore()
    {
        using TestQueue queue = await TestQueue.CreateAsync();
        await using ChildProcess script = Command.StartScript(
            $"{Command.Shell("receive", queue.Endpoint)} | head -n 1; echo over >&2");
        await queue.PutAsync("one");
        await script.WaitForErrorAsync("^over$");
        await queue.PutAsync("two");

        Assert.Equal("one\n", (await script.EndAsync()).MustExit(0).Text);
        Assert.Equal("two\n", await queue.TakeAsync());
    }

    [SkippableFact]
    public async Task Receive_OutputTakesNothing_PutsTheMessageBack()
    {
        using TestQueue queue = await TestQueue.CreateAsync();
        await queue.PutAsync("one");

        await using ChildProcess script = Command.StartScript($"{Command.Shell("receive", queue.Endpoint)} > /dev/full");
        CommandResult result = await script.EndAsync();

        Assert.NotEqual(0, result.ExitCode);
        Assert.Contains("a message of 3 bytes was put back", result.Error, StringComparison.Ordinal);
        Assert.Equal("one\n", await queue.TakeAsync());
    }

    [SkippableFact]
    public async Task OneMessageOfOneByte_IsNoPlural()
    {
        using TestQueue queue = await TestQueue.CreateAsync(capacity: 1, messageSize: 1);
        using TestQueue other = await TestQueue.CreateAsync();

        Assert.Equal($"would send 1 message to {queue.Endpoint}\n", (await Command.RunAsync("send", queue.Endpoint, "a", "--dry-run")).MustExit(0).Error);
        Assert.Equal($"{queue.Endpoint}: 1 message sent, 1 byte\n", (await Command.RunAsync("send", queue.Endpoint, "a", "-v")).MustExit(0).Error);
        Assert.EndsWith(", 1 of 1 message waiting (1 byte), at most 1 byte each\n", (await Command.RunAsync("inspect", queue.Endpoint)).MustExit(0).Text, StringComparison.Ordinal);
        CommandResult relayed = (await Command.RunAsync("relay", queue.Endpoint, other.Endpoint, "--once", "-v")).MustExit(0);
        Assert.Equal($"{queue.Endpoint} -> {other.Endpoint}: 1 message, 1 byte\n", relayed.Error);
        Assert.EndsWith(": 1 message received, 1 byte\n", (await Command.RunAsync("receive", other.Endpoint, "--no-wait", "-v")).MustExit(0).Error, StringComparison.Ordinal);
    }

    [SkippableFact]
    public async Task Send_QueueFull_WaitsForRoom()
    {
        using TestQueue queue = await TestQueue.CreateAsync(capacity: 1);
        await queue.PutAsync("one");
        await using ChildProcess send = Command.Start("send", queue.Endpoint, "two", "three");

        Assert.Equal("one\ntwo\nthree\n", (await Command.RunAsync("receive", queue.Endpoint, "--count", "3")).MustExit(0).Text);
        (await send.EndAsync()).MustExit(0);
    }

    [SkippableFact]
    public async Task Send_QueueFull_FailsWhereItMayNotWait()
    {
        using TestQueue queue = await TestQueue.CreateAsync(capacity: 1);
        await queue.PutAsync("one");

        Errors.Failure.MustBe(await Command.RunAsync("send", queue.Endpoint, "--no-wait", "two"), "1", $"cannot send to {queue.Endpoint}: it is full", "receive");
        Errors.Failure.MustBe(await Command.RunAsync("send", queue.Endpoint, "--timeout", "0.05", "two"), "4", @"no room for 0\.05 s");
        Assert.Equal("one\n", await queue.TakeAsync());
    }

    [SkippableTheory]
    [InlineData(nameof(Signal.Interrupt))]
    [InlineData(nameof(Signal.Terminate))]
    public async Task Send_Interrupted_SaysHowManyWereSent(string signal)
    {
        using TestQueue queue = await TestQueue.CreateAsync(capacity: 2);
        await using ChildProcess send = Command.Start("send", queue.Endpoint, "one", "two", "three", "four");
        await EventuallyCountsAsync(queue, 2);

        send.Send(Enum.Parse<Signal>(signal));

        Assert.Equal($"{queue.Endpoint}: 2 messages sent, 6 bytes; not sent: 2 messages\n", (await send.EndAsync()).MustExit(130).Error);
    }

    [SkippableFact]
    public async Task Send_InterruptedWithItsOnlyMessage_SaysThatItWasNotSent()
    {
        using TestQueue queue = await TestQueue.CreateAsync(capacity: 1);
        await queue.PutAsync("one");
        await using ChildProcess send = Command.Start("send", queue.Endpoint, "two");
        await Eventually.TrueAsync(() => ProcFs.HasOpen(send.Id, queue.Name), "the queue open");

        send.Send(Signal.Terminate);

        Assert.Equal($"{queue.Endpoint}: 0 messages sent, 0 bytes; not sent: 1 message\n", (await send.EndAsync()).MustExit(130).Error);
        Assert.Equal("one\n", await queue.TakeAsync());
    }

    [SkippableFact]
    public async Task Send_InterruptedBeforeThereIsAQueue_SaysThatNothingWasSent()
    {
        using TestQueue queue = TestQueue.Unmade();
        await using ChildProcess send = Command.Start("send", queue.Endpoint, "one", "--retry", "1000", "-v");
        await send.WaitForErrorAsync("Try 1 of 1001");

        send.Send(Signal.Terminate);

        Assert.Equal($"{queue.Endpoint}: nothing was sent", (await send.EndAsync()).MustExit(130).ErrorLines[^1]);
    }

    [SkippableFact]
    public async Task Send_TooLong_IsRefusedAndTheOthersAreCounted()
    {
        using TestQueue queue = await TestQueue.CreateAsync(messageSize: 4);

        CommandResult result = await Command.RunAsync(new Launch("send", queue.Endpoint) { Input = "1234\n12345\n"u8.ToArray() });

        result.MustExit(1);
        Assert.Contains($"cannot send to {queue.Endpoint}: message 2 has 5 bytes, the queue takes at most 4\n", result.Error, StringComparison.Ordinal);
        Assert.Contains("1 message sent", result.Error, StringComparison.Ordinal);
        Assert.Equal("1234\n", await queue.TakeAsync());
    }

    [SkippableTheory]
    [InlineData("12345", "the message has 5 bytes, the queue takes at most 4")]
    [InlineData("1234 12345", "message 2 has 5 bytes, the queue takes at most 4")]
    public async Task SendArguments_TooLong_NothingIsSent(string messages, string cause)
    {
        using TestQueue queue = await TestQueue.CreateAsync(messageSize: 4);

        CommandResult result = await Command.RunAsync(["send", queue.Endpoint, .. messages.Split(' ')]);

        Assert.Equal($"parley: cannot send to {queue.Endpoint}: {cause}", result.MustExit(1).ErrorLines[^1]);
        Assert.Equal(0, await queue.CountAsync());
    }

    [SkippableTheory]
    [InlineData("whole", "the message has more than 4 bytes, the queue takes at most 4")]
    [InlineData("nul", "message 1 has more than 4 bytes, the queue takes at most 4")]
    public async Task SendInput_LongerThanIsEverRead_SaysAtLeastHowLong(string cut, string cause)
    {
        using TestQueue queue = await TestQueue.CreateAsync(messageSize: 4);
        await using ChildProcess send = Command.Start("send", queue.Endpoint, "--input", cut);

        await send.WriteAsync("123456"u8.ToArray());

        CommandResult result = (await send.EndAsync()).MustExit(1);
        Assert.Contains($"parley: cannot send to {queue.Endpoint}: {cause}\n", result.Error, StringComparison.Ordinal);
    }

    [SkippableFact]
    public async Task SendInput_TornLength_IsCorrupt()
    {
        using TestQueue queue = await TestQueue.CreateAsync();

        CommandResult result = await Command.RunAsync(new Launch("send", queue.Endpoint, "--input", "len32") { Input = [0, 0, 0, 2, (byte)'a'] });

        result.MustExit(5);
        Assert.Contains("ends within message 1", result.Error, StringComparison.Ordinal);
    }

    [SkippableFact]
    public async Task AnotherUser_WithoutPermission_IsDenied()
    {
        using TestQueue queue = await TestQueue.CreateAsync(mode: "0622");

        (await Command.RunAsync(new Launch("send", queue.Endpoint, "from nobody") { User = Launch.Nobody })).MustExit(0);
        CommandResult denied = await Command.RunAsync(new Launch("receive", queue.Endpoint, "--no-wait") { User = Launch.Nobody });

        Errors.Failure.MustBe(denied, "6", @"cannot open mq:/.*EACCES", "its mode does not let this user in");
        Assert.Equal("from nobody\n", await queue.TakeAsync());
    }

    [SkippableFact]
    public async Task NoQueue_SaysHowToMakeOne()
    {
        using TestQueue queue = TestQueue.Unmade();

        Errors.Failure.MustBe(await Command.RunAsync("receive", queue.Endpoint), "3", $"cannot open {queue.Endpoint}: .*ENOENT", $"parley create {queue.Endpoint}");
        Errors.Failure.MustBe(await Command.RunAsync("send", queue.Endpoint, "x"), "3", $"cannot open {queue.Endpoint}: .*ENOENT", $"parley create {queue.Endpoint}");
    }

    [SkippableTheory]
    [InlineData("send", "hello")]
    [InlineData("receive", "--count=1")]
    public async Task Retry_QueueThatComesLate_IsWaitedFor(string verb, string word)
    {
        using TestQueue queue = TestQueue.Unmade();
        await using ChildProcess early = Command.Start(verb, queue.Endpoint, word, "--retry", "1000", "-v");
        await early.WaitForErrorAsync($@"^parley: Try 1 of 1001: cannot open {queue.Endpoint}: there is no queue of that name \(ENOENT\); the next one is in \d+ ms\.$");
        (await Command.RunAsync("create", queue.Endpoint, "--capacity", "1", "--message-size", "10")).MustExit(0);
        await using ChildProcess other = Command.Start(verb is "send" ? ["receive", queue.Endpoint, "--count", "1"] : ["send", queue.Endpoint, "hello"]);

        CommandResult[] ended = [(await early.EndAsync()).MustExit(0), (await other.EndAsync()).MustExit(0)];

        Assert.Equal("hello\n", ended[0].Text + ended[1].Text);
    }

    [SkippableFact]
    public async Task Retry_QueueThatNeverComes_IsToldOnceItIsOver()
    {
        using TestQueue queue = TestQueue.Unmade();

        Errors.Failure.MustBe(await Command.RunAsync("send", queue.Endpoint, "--retry", "2", "x"), "3", $"cannot open {queue.Endpoint}: .*ENOENT", $"parley create {queue.Endpoint}");
    }

    [SkippableFact]
    public async Task Receive_OnATerminal_ControlCharactersAreShown()
    {
        using TestQueue queue = await TestQueue.CreateAsync();
        await PutAsync(queue, 0, "\u001b[31mred\r"u8.ToArray());

        await using ChildProcess terminal = Command.StartOnTerminal(Command.Shell("receive", queue.Endpoint, "--count", "1"));
        terminal.CloseInput();

        Assert.Contains(@"\x1b[31mred\x0d", (await terminal.EndAsync()).Text, StringComparison.Ordinal);
    }

    [SkippableFact]
    public async Task ManyReceivers_EachMessageGoesToOne()
    {
        const int Messages = 300;
        using TestQueue queue = await TestQueue.CreateAsync();
        ChildProcess[] receivers = [.. Enumerable.Range(0, 3).Select(_ => Command.Start("receive", queue.Endpoint))];
        byte[] input = Encoding.UTF8.GetBytes(string.Concat(Enumerable.Range(0, Messages).Select(static number => $"{number:0000}\n")));

        // One that has not begun yet when the others have taken everything would be ended by a signal that it does not wait for.
        await Eventually.TrueAsync(() => receivers.All(receiver => ProcFs.HasOpen(receiver.Id, queue.Name)), "all receivers");
        (await Command.RunAsync(new Launch("send", queue.Endpoint) { Input = input })).MustExit(0);
        await Eventually.TrueAsync(() => receivers.Sum(static receiver => receiver.OutputLength) == input.Length, "all messages");

        var all = new List<string>();
        foreach (ChildProcess receiver in receivers)
        {
            receiver.Send(Signal.Terminate);
            all.AddRange((await receiver.EndAsync()).MustExit(0).Text.Split('\n', StringSplitOptions.RemoveEmptyEntries));
            await receiver.DisposeAsync();
        }

        Assert.Equal(Enumerable.Range(0, Messages).Select(static number => $"{number:0000}"), all.Order(StringComparer.Ordinal));
    }

    internal static async Task EventuallyCountsAsync(TestQueue queue, int count)
    {
        // Each look is a process of its own, so there is no need for a pause between two.
        for (int i = 0; await queue.CountAsync() != count; i++)
            Assert.True(i < 200, $"{queue.Endpoint} has not got {count} messages");
    }

    private static async Task PutAsync(TestQueue queue, int priority, byte[] message)
    {
        await using ChildProcess send = await CPrograms.StartAsync("queue", "send", queue.Name, priority.ToString(CultureInfo.InvariantCulture));
        await send.WriteAsync(message, close: true);
        (await send.EndAsync()).MustExit(0);
    }

    private static JsonElement[] Lines(CommandResult result)
        => [.. result.Text.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(static line => JsonDocument.Parse(line).RootElement)];

    private static string Hex(string text) => Convert.ToHexStringLower(Encoding.UTF8.GetBytes(text));
}
