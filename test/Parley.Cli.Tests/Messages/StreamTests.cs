using System.Text;
using System.Text.Json;

namespace Parley.Cli.Tests.Messages;

/// <summary><c>send</c> and <c>receive</c> on UDP and on framed streams.</summary>
public sealed class StreamTests : IDisposable
{
    private readonly TestFolder _folder = new();

    private string Socket => $"unix:{_folder["s"]}";

    private static byte[] AllBytes => [.. Enumerable.Range(0, 256).Select(static value => (byte)value)];

    public void Dispose() => _folder.Dispose();

    private string New(string kind) => kind is "pipe" ? $"pipe:{_folder["p"]}" : Endpoints.New(kind, _folder);

    /// <summary>What the other side calls a line is no length, and no length is a line.</summary>
    [Theory]
    [InlineData("len32", "line", @"the next frame .* over the limit of \d+")]
    [InlineData("line", "len32", "ended within a message")]
    public async Task Frames_OfTwoKinds_AreSuspected(string ours, string theirs, string cause)
    {
        using var folder = new TestFolder();
        await using ListeningCommand receive = await Command.ListenAsync("receive", $"unix:{folder["s"]}", "--frame", ours);
        await Command.RunAsync("send", receive.Endpoint, "--frame", theirs, "a message");

        await receive.Process.WaitForErrorAsync($@"{cause}.*\n  hint: do both sides say the same --frame\?");

        (await receive.StopAsync()).MustExit(0);
    }

    [SkippableTheory]
    [InlineData("udp://127.0.0.1:0")]
    [InlineData("udp://[::1]:0")]
    public async Task Udp_BetweenCommands_EveryByteArrives(string endpoint)
    {
        await using ListeningCommand receive = await Command.ListenAsync("receive", endpoint, "--count", "2", "--json");
        (await Command.RunAsync(new Launch("send", receive.Endpoint, "--whole") { Input = AllBytes })).MustExit(0);
        (await Command.RunAsync("send", receive.Endpoint, "")).MustExit(0);

        JsonElement[] lines = [.. (await receive.EndAsync()).MustExit(0).Text.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(static line => JsonDocument.Parse(line).RootElement)];

        Assert.Equal(AllBytes, lines[0].GetProperty("base64").GetBytesFromBase64());
        Assert.StartsWith(endpoint[..^1], lines[0].GetProperty("peer").GetString(), StringComparison.Ordinal);
        Assert.Equal(0, lines[1].GetProperty("size").GetInt32());
    }

    [SkippableFact]
    public async Task UdpReceive_SocatSends_PrintsIt()
    {
        string socat = Programs.Require("socat");
        await using ListeningCommand receive = await Command.ListenAsync("receive", "udp://127.0.0.1:0", "--count", "1");

        await using ChildProcess peer = ChildProcess.Start([socat, "-u", "-", $"UDP4-SENDTO:127.0.0.1:{receive.Port}"]);
        await peer.WriteAsync("from socat"u8.ToArray(), close: true);

        Assert.Equal("from socat\n", (await receive.EndAsync()).MustExit(0).Text);
        (await peer.EndAsync()).MustExit(0);
    }

    [SkippableFact]
    public async Task SendInput_WithWhatEndsAMessage_IsNoWrongUsage()
    {
        await using ListeningCommand receive = await Command.ListenAsync("receive", Socket, "--frame", "line", "--count", "1");

        CommandResult result = await Command.RunAsync(new Launch("send", Socket, "--frame", "line", "--input", "nul") { Input = "one\0a\nb\0"u8.ToArray() });

        result.MustExit(1);
        Assert.Contains($"parley: cannot send to {Socket}: message 2 contains a line feed, which ends each message of this framing\n  hint: --frame len32", result.Error, StringComparison.Ordinal);
        Assert.Equal("one\n", (await receive.EndAsync()).MustExit(0).Text);
    }

    [SkippableTheory]
    [InlineData("udp://127.0.0.1:0")]
    [InlineData("tcp://127.0.0.1:0", "--frame", "line")]
    public async Task Receive_PortOfTheSystemsChoice_IsTheOneInErrors(string endpoint, params string[] framing)
    {
        await using ListeningCommand receive = await Command.ListenAsync(["receive", endpoint, "--timeout", "0.05", "-v", .. framing]);

        CommandResult result = (await receive.EndAsync()).MustExit(4);

        Assert.Contains($"cannot receive from {receive.Endpoint}: no message came", result.Error, StringComparison.Ordinal);
        Assert.Contains($"{receive.Endpoint}: 0 messages received, 0 bytes", result.Error, StringComparison.Ordinal);
    }

    [SkippableFact]
    public async Task SendAndRelay_PortOfTheSystemsChoice_IsTheOneThatIsNamed()
    {
        using TestQueue queue = await TestQueue.CreateAsync();
        await using ListeningCommand relay = await Command.ListenAsync("relay", "udp://127.0.0.1:0", queue.Endpoint, "-v");
        await using ListeningCommand send = await Command.ListenAsync("send", "tcp://127.0.0.1:0", "--frame", "line", "--listen", "-v", "one");

        (await Command.RunAsync("receive", send.Endpoint, "--frame", "line", "--connect", "--count", "1")).MustExit(0);

        Assert.Contains($"{send.Endpoint}: 1 message sent", (await send.EndAsync()).Error, StringComparison.Ordinal);
        Assert.Contains($"{relay.Endpoint} -> {queue.Endpoint}: 0 messages", (await relay.StopAsync()).MustExit(0).Error, StringComparison.Ordinal);
    }

    /// <summary>The stream had room for the first part of the message alone: it was not sent, though it was begun.</summary>
    [SkippableTheory]
    [InlineData(nameof(Signal.Interrupt))]
    [InlineData(nameof(Signal.Terminate))]
    public async Task Send_InterruptedWhileThePeerDoesNotRead_SaysThatTheMessageIsCutOff(string signal)
    {
        await using RawListener listener = RawListener.Open();
        await using ChildProcess send = Command.Start("send", listener.Endpoint, "--frame", "len32", "--whole", "--max-size", $"{64 * Payload.Megabyte}");
        Task written = send.WriteAsync(new byte[64 * Payload.Megabyte], close: true);
        using System.Net.Sockets.Socket peer = await RawSocket.AcceptAsync(listener.Socket);
        await Eventually.TrueAsync(() => peer.Available > 0, "the message begun");

        send.Send(Enum.Parse<Signal>(signal));

        Assert.Equal($"{listener.Endpoint}: 0 messages sent, 0 bytes; not sent: 1 message, cut off\n", (await send.EndAsync()).MustExit(130).Error);
        await written.WaitAsync(Limits.Wait);
    }

    [SkippableFact]
    public async Task Send_InterruptedWhileItWaitsForThePeersEnd_SaysThatNothingIsKnown()
    {
        await using RawListener listener = RawListener.Open();
        await using ChildProcess send = Command.Start("send", listener.Endpoint, "--frame", "line", "a", "b");
        using System.Net.Sockets.Socket peer = await RawSocket.AcceptAsync(listener.Socket);
        await Eventually.TrueAsync(() => peer.Available == 4, "both messages there");
        byte[] received = new byte[8];
        Assert.Equal(4, await peer.ReceiveAsync(received).WaitAsync(Limits.Wait));
        Assert.Equal(0, await peer.ReceiveAsync(received).WaitAsync(Limits.Wait));

        send.Send(Signal.Terminate);

        Assert.Equal($"{listener.Endpoint}: 2 messages sent, 2 bytes; whether all of them arrive is not known\n", (await send.EndAsync()).MustExit(130).Error);
    }

    [SkippableFact]
    public async Task NobodyThere_SaysHowToStartWhoTalksMessages()
    {
        using TestQueue queue = await TestQueue.CreateAsync();
        await queue.PutAsync("one");

        Errors.Failure.MustBe(await Command.RunAsync("send", Socket, "--frame", "line", "x"), "3", "cannot connect", $"parley receive {Socket} --frame line$");
        Errors.Failure.MustBe(await Command.RunAsync("relay", queue.Endpoint, Socket, "--frame", "len32"), "3", "cannot connect", $"parley receive {Socket} --frame len32$");
        Errors.Failure.MustBe(await Command.RunAsync("receive", Socket, "--frame", "nul", "--connect"), "3", "cannot connect", $"parley send {Socket} --frame nul --listen$");
    }

    [SkippableTheory]
    [InlineData("line", "one\ntwo\n")]
    [InlineData("nul", "one\0two\0")]
    [InlineData("len32", "\0\0\0\u0003one\0\0\0\u0003two")]
    public async Task SendFramed_SocatListens_GetsTheFrames(string frame, string expected)
    {
        (ChildProcess peer, string endpoint) = await Peers.ListenAsync("socat", Socket);
        await using ChildProcess ending = peer;
        peer.CloseInput();

        (await Command.RunAsync("send", endpoint, "--frame", frame, "one", "two")).MustExit(0);

        Assert.Equal(expected, (await peer.EndAsync()).MustExit(0).Text);
    }

    /// <summary>The receiver goes once it has them: for the sender that is an end, and no break.</summary>
    [SkippableTheory]
    [InlineData("tcp4")]
    [InlineData("unix")]
    [InlineData("pipe")]
    public async Task SendFramed_ReceiverWantsExactlySoMany_IsDone(string kind)
    {
        string[] messages = ["1", "2", "3", "4", "5", "6"];
        await using ListeningCommand receive = await Command.ListenAsync("receive", New(kind), "--frame", "line", "--count", "6");

        CommandResult sent = await Command.RunAsync(["send", receive.Endpoint, "--frame", "line", .. messages]);

        Assert.Empty(sent.MustExit(0).Error);
        Assert.Equal(string.Join('\n', messages) + "\n", (await receive.EndAsync()).MustExit(0).Text);
    }

    [SkippableTheory]
    [InlineData("tcp4")]
    [InlineData("unix")]
    [InlineData("pipe")]
    public async Task SendListen_ReceiverWantsExactlySoMany_IsDone(string kind)
    {
        await using ListeningCommand send = await Command.ListenAsync("send", New(kind), "--frame", "line", "--listen", "one", "two");

        CommandResult received = await Command.RunAsync("receive", send.Endpoint, "--frame", "line", "--connect", "--count", "2");

        Assert.Equal("one\ntwo\n", received.MustExit(0).Text);
        Assert.Empty((await send.EndAsync()).MustExit(0).ErrorLines[1..]);
    }

    /// <summary>Those that are left were read from the kernel, wait in it, or are still to come.</summary>
    [SkippableTheory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task SendFramed_ReceiverWantsFewer_IsBrokenOffOverTcp(bool senderListens)
    {
        string[] messages = ["1", "2", "3", "4", "5", "6"];
        await using ListeningCommand listening = senderListens
            ? await Command.ListenAsync(["send", "tcp://127.0.0.1:0", "--frame", "line", "--listen", .. messages])
            : await Command.ListenAsync("receive", "tcp://127.0.0.1:0", "--frame", "line", "--count", "2");

        CommandResult connected = senderListens
            ? await Command.RunAsync("receive", listening.Endpoint, "--frame", "line", "--connect", "--count", "2")
            : await Command.RunAsync(["send", listening.Endpoint, "--frame", "line", .. messages]);

        CommandResult listened = await listening.EndAsync();
        Assert.Equal("1\n2\n", (senderListens ? connected : listened).MustExit(0).Text);
        Assert.Matches("ECONNRESET|EPIPE", (senderListens ? listened : connected).MustExit(5).Error);
    }

    [SkippableFact]
    public async Task ReceiveFramed_ManyClients_PrintsAllOfThem()
    {
        await using ListeningCommand receive = await Command.ListenAsync("receive", Socket, "--frame", "len32", "--output", "line");
        for (int i = 0; i < 3; i++)
            (await Command.RunAsync("send", Socket, "--frame", "len32", $"{i}", "end")).MustExit(0);
        await receive.Process.WaitForOutputAsync(3 * "0\nend\n".Length);

        CommandResult result = await receive.StopAsync();

        Assert.Equal("0\nend\n1\nend\n2\nend\n", result.MustExit(0).Text);
    }

    [SkippableFact]
    public async Task ReceiveFramed_TornMessage_IsToldAndTheOthersAreServed()
    {
        await using ListeningCommand receive = await Command.ListenAsync("receive", Socket, "--frame", "len32", "--count", "1");
        await using (ChildProcess torn = Peers.Connect("socat", Socket))
        {
            await torn.WriteAsync(new byte[] { 0, 0, 0, 9, 1 }, close: true);
            await receive.Process.WaitForErrorAsync("parley: cannot receive from");
        }

        (await Command.RunAsync("send", Socket, "--frame", "len32", "whole")).MustExit(0);

        Assert.Equal("whole\n", (await receive.EndAsync()).MustExit(0).Text);
    }

    [SkippableFact]
    public async Task SendListens_ReceiveConnects_TheOtherWayRound()
    {
        await using ListeningCommand send = await Command.ListenAsync("send", Socket, "--listen", "--frame", "nul", "one\ntwo", "");

        CommandResult received = await Command.RunAsync("receive", Socket, "--connect", "--frame", "nul", "--output", "nul");

        Assert.Equal("one\ntwo\0\0", received.MustExit(0).Text);
        (await send.EndAsync()).MustExit(0);
    }

    [SkippableFact]
    public async Task Fifo_BothEnds_MessagesPass()
    {
        string fifo = $"fifo:{_folder["f"]}";
        (await Command.RunAsync("create", fifo)).MustExit(0);
        await using ChildProcess receive = Command.Start("receive", fifo, "--frame", "line");

        (await Command.RunAsync(new Launch("send", fifo, "--frame", "line") { Input = "one\ntwo"u8.ToArray() })).MustExit(0);

        Assert.Equal("one\ntwo\n", (await receive.EndAsync()).MustExit(0).Text);
    }

    [SkippableFact]
    public async Task Program_BothEnds_ExitCodeComesThrough()
    {
        CommandResult received = await Command.RunAsync("receive", "exec:", "--frame", "line", "--output", "nul", "--", "sh", "-c", "echo one; echo two; exit 7");
        CommandResult sent = await Command.RunAsync("send", "exec:", "one", "two", "--frame", "line", "--", "sh", "-c", $"cat > {_folder["got"]}; exit 8");

        Assert.Equal("one\0two\0", received.MustExit(7).Text);
        sent.MustExit(8);
        Assert.Equal("one\ntwo\n", await File.ReadAllTextAsync(_folder["got"]));
    }

    /// <summary>How long a message may wait for room says nothing of how long a program works on what it was given.</summary>
    [SkippableFact]
    public async Task Program_WorksLongerThanAMessageMayWait_IsNotEnded()
        => (await Command.RunAsync("send", "exec:", "one", "--frame", "line", "--timeout", "0.2", "--", "sh", "-c", $"cat > {_folder["in"]}; sleep 1; exit 9")).MustExit(9);

    [SkippableFact]
    public async Task SendFramed_PeerAnswersMuch_IsNotBlockedByIt()
    {
        await using ListeningCommand echo = await Command.ListenAsync("serve", Socket, "--echo");
        byte[] lines = Encoding.UTF8.GetBytes(string.Concat(Enumerable.Range(0, 200_000).Select(static number => $"{number}\n")));

        CommandResult sent = await Command.RunAsync(new Launch("send", Socket, "--frame", "line", "-v") { Input = lines, Limit = Limits.Transfer });

        Assert.Contains("200000 messages sent", sent.MustExit(0).Error, StringComparison.Ordinal);
    }
}
