using static Parley.Cli.Tests.Payload;

namespace Parley.Cli.Tests.Fifos;

/// <summary>Conversations over FIFOs with programs that know nothing of Parley.</summary>
public sealed class FifoPeerTests : IDisposable
{
    private readonly Fifo _fifo = new();

    public void Dispose() => _fifo.Dispose();

    [SkippableTheory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task ConnectReceiveOnly_ShellWrites_PrintsWhatItSays(bool commandFirst)
    {
        ChildProcess? writer = commandFirst ? null : _fifo.Say("from the shell");
        await using ChildProcess command = Command.Start("connect", _fifo.Endpoint, "--receive-only");
        writer ??= _fifo.Say("from the shell");
        await using ChildProcess ending = writer;

        Assert.Equal("from the shell", (await command.EndAsync()).MustExit(0).Text);
        (await writer.EndAsync()).MustExit(0);
    }

    [SkippableTheory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task ConnectSendOnly_CatReads_GetsEverything(bool commandFirst)
    {
        byte[] bytes = Random(3 * Megabyte);
        ChildProcess? cat = commandFirst ? null : _fifo.Cat();
        Task<CommandResult> command = Command.RunAsync(new Launch("connect", _fifo.Endpoint, "--send-only") { Input = bytes });
        cat ??= _fifo.Cat();
        await using ChildProcess ending = cat;

        (await command).MustExit(0);
        MustEqual(bytes, (await cat.EndAsync()).MustExit(0).Output);
    }

    [SkippableFact]
    public async Task ConnectReceiveOnly_DdWritesMuch_ArrivesWhole()
    {
        byte[] bytes = WriteFile(_fifo["data"], 16 * Megabyte);
        await using ChildProcess dd = ChildProcess.Start([Programs.Require("dd"), $"if={_fifo["data"]}", $"of={_fifo.Path}", "bs=7777", "status=none"]);

        CommandResult result = await Command.RunAsync(new Launch("connect", _fifo.Endpoint, "--receive-only") { Limit = Limits.Transfer });

        MustEqual(bytes, result.MustExit(0).Output);
    }

    [SkippableTheory]
    [InlineData("rw")]
    [InlineData("wr")]
    public async Task ConnectPair_CProgram_TalksBothWays(string order)
    {
        byte[] bytes = Random(256 * Kilobyte);
        await using ChildProcess peer = await CPrograms.StartAsync("fifo_pair", _fifo["out"], _fifo["in"], order);
        Task said = peer.WriteAsync(bytes, close: true);

        CommandResult result = await Command.RunAsync(new Launch("connect", _fifo.PairEndpoint) { Input = ServerMessage });

        MustEqual(bytes, result.MustExit(0).Output);
        Assert.Equal(ServerMessage, (await peer.EndAsync()).MustExit(0).Output);
        await said;
    }

    [SkippableTheory]
    [InlineData("rw")]
    [InlineData("wr")]
    public async Task ServeEcho_CPrograms_EachGetsItsOwnBack(string order)
    {
        await using ListeningCommand server = await Command.ListenAsync("serve", _fifo.PairEndpoint, "--echo");
        for (int i = 0; i < 5; i++)
        {
            byte[] bytes = Random(100 * Kilobyte);
            await using ChildProcess peer = await CPrograms.StartAsync("fifo_pair", _fifo["out"], _fifo["in"], order);
            Task said = peer.WriteAsync(bytes, close: true);
            MustEqual(bytes, (await peer.EndAsync()).MustExit(0).Output);
            await said;
        }

        Assert.Empty(server.Messages);
        (await server.StopAsync()).MustExit(0);
    }

    [SkippableFact]
    public async Task ConnectSendOnly_ReaderLeavesEarly_IsBrokenOff()
    {
        Task<CommandResult> command = Command.RunAsync(new Launch("connect", _fifo.Endpoint, "--send-only", "-v") { Input = new byte[1000] });
        await using ChildProcess reader = await CPrograms.StartAsync("fifo_partial_reader", _fifo.Path, "300");

        CommandResult result = (await command).MustExit(5);

        Assert.Contains("700 bytes were not delivered (EPIPE)", result.Error, StringComparison.Ordinal);
        Assert.Contains("700 bytes not delivered", result.Error, StringComparison.Ordinal);
        Assert.Equal(300, (await reader.EndAsync()).MustExit(0).Output.Length);
    }

    [SkippableFact]
    public async Task ConnectSendOnly_ReaderLeavesWhileMoreMayCome_SaysWhatItLeft()
    {
        await using ChildProcess command = Command.Start("connect", _fifo.Endpoint, "--send-only");
        await using ChildProcess reader = await CPrograms.StartAsync("fifo_partial_reader", _fifo.Path, "300");
        await command.WriteAsync(new byte[1000]);

        CommandResult result = (await command.EndAsync()).MustExit(5);

        Assert.Contains("700 bytes were not delivered (EPIPE)", result.Error, StringComparison.Ordinal);
        Assert.Equal(300, (await reader.EndAsync()).MustExit(0).Output.Length);
    }

    [SkippableFact]
    public async Task ConnectSendOnly_ReaderGoesWhileNothingIsTyped_IsBrokenOff()
    {
        await using ChildProcess command = Command.Start("connect", _fifo.Endpoint, "--send-only");
        await using ChildProcess reader = await CPrograms.StartAsync("fifo_partial_reader", _fifo.Path, "0");

        CommandResult result = (await command.EndAsync()).MustExit(5);

        Assert.Contains("the peer reads no more", result.Error, StringComparison.Ordinal);
    }

    [SkippableFact]
    public async Task Serve_ReaderAfterReader_EachGetsTheMessageOnce()
    {
        await using ListeningCommand server = await Command.ListenAsync("serve", _fifo.Endpoint);

        for (int i = 0; i < 5; i++)
        {
            await using ChildProcess cat = _fifo.Cat();
            Assert.Equal(ServerMessage, (await cat.EndAsync()).MustExit(0).Output);
        }

        Assert.Empty(server.Messages);
        (await server.StopAsync()).MustExit(0);
    }

    [SkippableFact]
    public async Task ServeDiscardOnce_OneWriter_Ends()
    {
        await using ListeningCommand server = await Command.ListenAsync("serve", _fifo.Endpoint, "--discard", "--once", "-v");
        await using ChildProcess writer = _fifo.Say("0123456789");

        CommandResult result = (await server.EndAsync()).MustExit(0);

        Assert.Contains("10 bytes in", result.Error, StringComparison.Ordinal);
    }

    [SkippableFact]
    public async Task ListenReceiveOnly_OneWriter_IsPrinted()
    {
        await using ListeningCommand command = await Command.ListenAsync("listen", _fifo.Endpoint, "--receive-only");
        await using ChildProcess writer = _fifo.Say("said");

        Assert.Equal("said", (await command.EndAsync()).MustExit(0).Text);
    }

    [SkippableFact]
    public async Task ListenSendOnly_CatReads_GetsStandardInput()
    {
        await using ListeningCommand command = await Command.ListenAsync("listen", _fifo.Endpoint, "--send-only");
        await using ChildProcess cat = _fifo.Cat();
        await command.Process.WriteAsync("typed"u8.ToArray(), close: true);

        Assert.Equal("typed", (await cat.EndAsync()).MustExit(0).Text);
        (await command.EndAsync()).MustExit(0);
    }

    [SkippableFact]
    public async Task ListenSendOnly_ReaderLeavesEarly_IsTold()
    {
        await using ListeningCommand command = await Command.ListenAsync("listen", _fifo.Endpoint, "--send-only");
        await using ChildProcess reader = await CPrograms.StartAsync("fifo_partial_reader", _fifo.Path, "300");
        await command.Process.WriteAsync(new byte[1000], close: true);

        CommandResult result = (await command.EndAsync()).MustExit(5);

        Assert.Contains("700 bytes were not delivered (EPIPE)", result.Error, StringComparison.Ordinal);
        Assert.Equal(300, (await reader.EndAsync()).MustExit(0).Output.Length);
    }

    [SkippableFact]
    public async Task ListenReceiveOnly_FirstWriterSaysNothing_Ends()
    {
        await using ListeningCommand command = await Command.ListenAsync("listen", _fifo.Endpoint, "--receive-only");
        await using ChildProcess writer = _fifo.Say("");

        Assert.Empty((await command.EndAsync()).MustExit(0).Output);
    }

    [SkippableFact]
    public async Task ListenSendOnly_NothingToSay_Ends()
    {
        await using ListeningCommand command = await Command.ListenAsync("listen", _fifo.Endpoint, "--send-only");
        command.Process.CloseInput();
        await using ChildProcess cat = _fifo.Cat();

        Assert.Empty((await cat.EndAsync()).MustExit(0).Output);
        (await command.EndAsync()).MustExit(0);
    }

    [SkippableTheory]
    [InlineData("connect")]
    [InlineData("listen")]
    public async Task Follow_WriterAfterWriter_IsPrinted(string verb)
    {
        await using ChildProcess command = Command.Start(verb, _fifo.Endpoint, "--receive-only", "--follow");
        for (int i = 1; i <= 3; i++)
        {
            await using ChildProcess writer = _fifo.Say("line\n");
            (await writer.EndAsync()).MustExit(0);
            await command.WaitForOutputAsync(5 * i);
        }

        Assert.False(command.HasEnded);
        command.Send(Signal.Interrupt);
        Assert.Equal("line\nline\nline\n", (await command.EndAsync()).MustExit(130).Text);
    }

    [SkippableTheory]
    [InlineData((int)Signal.Terminate)]
    [InlineData((int)Signal.Interrupt)]
    public async Task RelayFollow_SignalWhenNoWriterIsLeft_EndsInOrder(int signal)
    {
        await using RawListener target = RawListener.Open();
        await using ListeningCommand relay = await Command.ListenAsync("relay", _fifo.Endpoint, target.Endpoint, "--follow");
        await using (ChildProcess writer = _fifo.Say("said"))
            (await writer.EndAsync()).MustExit(0);
        using System.Net.Sockets.Socket server = await RawSocket.AcceptAsync(target.Socket);
        await RawSocket.ReadExactlyAsync(server, "said".Length);

        relay.Process.Send((Signal)signal);

        Assert.Empty(await RawSocket.ReadToEndAsync(server));
        server.Close();
        (await relay.EndAsync()).MustExit(0);
        Assert.Empty(relay.Messages);
    }

    [SkippableFact]
    public async Task RelayFollow_SignalWhileAWriterIsThere_HearsItOut()
    {
        await using RawListener target = RawListener.Open();
        await using ListeningCommand relay = await Command.ListenAsync("relay", _fifo.Endpoint, target.Endpoint, "--follow", "--drain-timeout", "60");
        await using ChildProcess writer = ChildProcess.Start(["sh", "-c", $"exec cat > {Command.Quote(_fifo.Path)}"]);
        await writer.WriteAsync("first"u8.ToArray());
        using System.Net.Sockets.Socket server = await RawSocket.AcceptAsync(target.Socket);
        await RawSocket.ReadExactlyAsync(server, "first".Length);

        relay.Process.Send(Signal.Terminate);
        Assert.True(await RawSocket.IsQuietAsync(server));
        await writer.WriteAsync("last"u8.ToArray(), close: true);

        Assert.Equal("last"u8.ToArray(), await RawSocket.ReadToEndAsync(server));
        server.Close();
        (await relay.EndAsync()).MustExit(0);
    }

    [SkippableFact]
    public async Task Relay_FromOneFifoToAnother_ReadsTheFirstAndWritesTheSecond()
    {
        await using ListeningCommand relay = await Command.ListenAsync("relay", _fifo.Endpoint, $"fifo:{_fifo["out"]}");
        for (int i = 0; i < 3; i++)
        {
            await using ChildProcess cat = ChildProcess.Start([Programs.Require("cat"), _fifo["out"]]);
            await using ChildProcess writer = _fifo.Say($"text {i}");
            Assert.Equal($"text {i}", (await cat.EndAsync()).MustExit(0).Text);
        }

        Assert.Empty(relay.Messages);
        (await relay.StopAsync()).MustExit(0);
    }

    [SkippableFact]
    public async Task Relay_FromAFifoToASocketThatAnswers_DropsTheAnswer()
    {
        await using RawListener target = RawListener.Open().Echo();
        await using ListeningCommand relay = await Command.ListenAsync("relay", _fifo.Endpoint, target.Endpoint, "--once", "-v");
        await using ChildProcess writer = _fifo.Say("0123456789");

        CommandResult result = (await relay.EndAsync()).MustExit(0);

        Assert.Contains("10 bytes in", result.Error, StringComparison.Ordinal);
    }

    [SkippableFact]
    public async Task Relay_TargetKeepsItsSideOpen_TheNextWriterIsServed()
    {
        await using RawListener target = RawListener.Open();
        await using ListeningCommand relay = await Command.ListenAsync("relay", _fifo.Endpoint, target.Endpoint, "--drain-timeout", "0.2");
        var open = new List<System.Net.Sockets.Socket>();
        for (int i = 0; i < 3; i++)
        {
            await using ChildProcess writer = _fifo.Say($"text {i}");
            open.Add(await RawSocket.AcceptAsync(target.Socket));
            Assert.Equal($"text {i}", System.Text.Encoding.UTF8.GetString(await RawSocket.ReadToEndAsync(open[^1])));
        }

        open.ForEach(socket => socket.Dispose());
        (await relay.StopAsync()).MustExit(0);
    }

    [SkippableFact]
    public async Task Relay_TargetBreaksOffWhileTheWriterIsSilent_IsToldAtOnce()
    {
        await using RawListener target = RawListener.Open();
        await using ListeningCommand relay = await Command.ListenAsync("relay", _fifo.Endpoint, target.Endpoint, "-v");
        await using ChildProcess writer = ChildProcess.Start(["sh", "-c", $"exec cat > {Command.Quote(_fifo.Path)}"]);
        using System.Net.Sockets.Socket server = await RawSocket.AcceptAsync(target.Socket);

        RawSocket.Reset(server);
        await relay.Process.WaitForErrorAsync("broken off by the peer");

        Assert.False(relay.Process.HasEnded);
    }

    [SkippableFact]
    public async Task Trace_Conversation_ShowsOpenWriteClose()
    {
        Task<CommandResult> command = Command.RunAsync(new Launch("connect", _fifo.Endpoint, "--send-only", "--trace-json") { Input = ServerMessage });
        await using ChildProcess cat = _fifo.Cat();
        await cat.EndAsync();

        CommandResult result = (await command).MustExit(0);

        TraceLines.MustHaveInOrder(result.Error, "open", "write", "close");
        Assert.Contains("is open to write", result.Error, StringComparison.Ordinal);
    }
}
