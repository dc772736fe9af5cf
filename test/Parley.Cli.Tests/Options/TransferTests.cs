using System.Diagnostics;
using System.Net.Sockets;
using System.Text.RegularExpressions;
using static Parley.Cli.Tests.Payload;

namespace Parley.Cli.Tests.Options;

/// <summary>--progress, --rate-limit and SIGUSR1 of the verbs that move bytes.</summary>
public sealed class TransferTests : IDisposable
{
    private const string AnyPort = "tcp://127.0.0.1:0";
    private const string Running = @"^[\d.]+ ([KM]iB|B)  [\d.]+ ([KM]iB|B)/s  average [\d.]+ ([KM]iB|B)/s  \d+:\d\d:\d\d";

    private readonly TestFolder _folder = new();

    public static TheoryData<string> Verbs => ["serve", "connect", "listen", "relay"];

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Progress_StandardInputIsAFile_ShowsShareAndTimeLeft()
    {
        WriteFile(_folder["file"], 300 * Kilobyte);
        await using ListeningCommand server = await Command.ListenAsync("serve", AnyPort, "--discard");

        await using ChildProcess client = Command.StartScript(
            $"{Command.Shell("connect", server.Endpoint, "--progress", "--rate-limit", "100k")} <{_folder["file"]}");

        CommandResult result = (await client.EndAsync()).MustExit(0);
        Assert.Matches(new Regex(Running + @"  \d+%  \d:\d\d:\d\d left$", RegexOptions.Multiline, Limits.Wait), result.Error);
        Assert.Matches(@"307200 bytes in [\d.]+ m?s, [\d.]+ KiB/s, 100% of 300 KiB\n$", result.Error);
        Assert.DoesNotContain('\r', result.Error);
    }

    [Fact]
    public async Task Progress_FileReadInPart_CountsTheRest()
    {
        WriteFile(_folder["file"], 100 * Kilobyte);
        await using ListeningCommand server = await Command.ListenAsync("serve", AnyPort, "--discard");

        await using ChildProcess client = Command.StartScript(
            $"{{ head -c 0; dd bs=1024 count=60 of=/dev/null 2>/dev/null; {Command.Shell("connect", server.Endpoint, "--progress")}; }} <{_folder["file"]}");

        Assert.Matches("40960 bytes in .*, 100% of 40 KiB", (await client.EndAsync()).MustExit(0).Error);
    }

    [Fact]
    public async Task Progress_ServeFileOnce_ShowsTheShareOfTheFile()
    {
        WriteFile(_folder["file"], 100 * Kilobyte);
        await using ListeningCommand server = await Command.ListenAsync("serve", AnyPort, "--file", _folder["file"], "--once", "--progress");

        await RawSocket.ReceiveFromAsync(server.Endpoint);

        Assert.Matches("102400 bytes in .*, 100% of 100 KiB", (await server.EndAsync()).MustExit(0).Error);
    }

    [Fact]
    public async Task Progress_StandardInputIsNoFile_KnowsNoShare()
    {
        await using ListeningCommand server = await Command.ListenAsync("serve", AnyPort, "--discard");

        CommandResult result = await Command.RunAsync(new Launch("connect", server.Endpoint, "--progress") { Input = new byte[1000] });

        Assert.Matches(@"^1000 bytes in [\d.]+ \S+, [\d.]+ \S+/s\n$", result.MustExit(0).Error);
    }

    [Fact]
    public async Task Progress_StandardInputClosed_FailsAsWithoutIt()
    {
        await using ListeningCommand server = await Command.ListenAsync("serve", AnyPort);

        await using ChildProcess client = Command.StartScript(Command.Shell("connect", server.Endpoint, "--progress") + " <&-");

        Errors.Failure.MustBe(await client.EndAsync(), "3", "standard input is closed");
    }

    [SkippableFact]
    public async Task Progress_OnATerminal_IsRedrawnInPlace()
    {
        WriteFile(_folder["file"], 250 * Kilobyte);
        await using ListeningCommand server = await Command.ListenAsync("serve", AnyPort, "--discard");

        await using ChildProcess terminal = Command.StartOnTerminal(
            $"{Command.Shell("connect", server.Endpoint, "--progress", "--rate-limit", "100k")} <{_folder["file"]}");
        terminal.CloseInput();
        CommandResult result = await terminal.EndAsync();

        Assert.Matches(@"\r[\d.]+ KiB  [^\n]*% [^\n]*left\u001b\[K\r[^\n]*100% of 250 KiB", result.Text);
    }

    [Fact]
    public async Task Progress_Quiet_SaysNothing()
    {
        await using ListeningCommand server = await Command.ListenAsync("serve", AnyPort);

        Assert.Empty((await Command.RunAsync("connect", server.Endpoint, "--progress", "-q")).MustExit(0).Error);
    }

    /// <summary>The time is measured only from below: a busy machine makes it longer, never shorter.</summary>
    [Theory]
    [MemberData(nameof(Verbs))]
    public async Task RateLimit_Transfer_IsNoFasterAndComplete(string verb)
    {
        const int Size = 150 * Kilobyte;
        byte[] file = WriteFile(_folder["file"], Size);
        string[] limit = ["--rate-limit", "100k"];
        await using ListeningCommand server = await Command.ListenAsync(
            ["serve", AnyPort, "--file", _folder["file"], .. verb is "serve" ? limit : []]);
        await using ListeningCommand? relay = verb is "relay" ? await Command.ListenAsync(["relay", AnyPort, server.Endpoint, .. limit]) : null;
        await using ListeningCommand? listen = verb is "listen" ? await Command.ListenAsync(["listen", AnyPort, "--receive-only", .. limit]) : null;
        long start = Stopwatch.GetTimestamp();

        byte[] received;
        if (listen is not null)
        {
            using Socket socket = await RawSocket.ConnectAsync(listen.Endpoint);
            await RawSocket.SendAndShutdownAsync(socket, file);
            received = (await listen.EndAsync()).MustExit(0).Output;
        }
        else
        {
            received = (await Command.RunAsync(["connect", (relay ?? server).Endpoint, .. verb is "connect" ? limit : []])).MustExit(0).Output;
        }

        MustEqual(file, received);

        // 25 KiB at once, and 125 KiB at 100 KiB/s.
        Assert.InRange(Stopwatch.GetElapsedTime(start), TimeSpan.FromSeconds(1.2), Limits.Wait);
    }

    [Fact]
    public async Task RateLimit_WhatIsHeldBack_StaysWithTheSender()
    {
        await using ListeningCommand server = await Command.ListenAsync("serve", AnyPort, "--discard", "--rate-limit", "1k");
        using Socket client = await RawSocket.ConnectAsync(server.Endpoint);
        client.SendBufferSize = 16 * Kilobyte;
        client.Blocking = false;
        long taken = 0;

        // The sender finds no room before long: neither the server's memory nor the system's buffers take all of it.
        while (client.Poll(TimeSpan.FromSeconds(2), SelectMode.SelectWrite) && taken < 64 * Megabyte)
            taken += client.Send(new byte[64 * Kilobyte], SocketFlags.None);

        Assert.InRange(taken, 0, 16 * Megabyte);
    }

    [Fact]
    public async Task RateLimit_SlowTransfer_UsesNoProcessorTime()
    {
        await using ListeningCommand server = await Command.ListenAsync("serve", AnyPort, "--discard", "--rate-limit", "10k");
        using Socket client = await RawSocket.ConnectAsync(server.Endpoint);
        await RawSocket.SendAsync(client, new byte[30 * Kilobyte]);
        TimeSpan before = ProcessorTime(server);
        client.Shutdown(SocketShutdown.Send);

        Assert.Empty(await RawSocket.ReadToEndAsync(client));

        Assert.InRange(ProcessorTime(server) - before, TimeSpan.Zero, TimeSpan.FromSeconds(1));
    }

    [Theory]
    [InlineData("0")]
    [InlineData("-1")]
    [InlineData("fast")]
    [InlineData("10x")]
    [InlineData("k")]
    [InlineData("")]
    [InlineData("0.5")]
    [InlineData("1e3")]
    [InlineData("99999999G")]
    public async Task RateLimit_NoRate_IsWrongUsage(string rate)
        => Errors.Failure.MustBe(await Command.RunAsync("serve", AnyPort, "--rate-limit", rate), "2", "--rate-limit.*; k, M and G, small or capital, stand for");

    [Theory]
    [InlineData("k")]
    [InlineData("K")]
    [InlineData("m")]
    [InlineData("M")]
    [InlineData("g")]
    [InlineData("G")]
    public async Task Sizes_EverySuffix_IsTakenByEveryOption(string suffix)
    {
        string rate = suffix is "g" or "G" ? "1g" : $"64{suffix}";
        (await Command.RunAsync("serve", AnyPort, "--rate-limit", rate, "--dry-run")).MustExit(0);
        (await Command.RunAsync("serve", "shm:x", "--ring-size", rate, "--dry-run")).MustExit(0);
        (await Command.RunAsync("send", AnyPort, "--frame", "line", "--max-size", rate, "a", "--dry-run")).MustExit(0);
        (await Command.RunAsync("relay", "udp://127.0.0.1:0", AnyPort, "--frame", "line", "--spool", "x", "--spool-size", rate, "--dry-run")).MustExit(0);
    }

    [Fact]
    public async Task Sizes_NoSize_SaysWhatOneIs()
    {
        const string Suffixes = "k, M and G, small or capital, stand for 1024, 1024² and 1024³";
        Errors.Failure.MustBe(await Command.RunAsync("create", "mq:/x", "--message-size", "8x"), "2", $"--message-size: '8x' is no number of bytes from 1 to 2147483647; {Suffixes}");
        Errors.Failure.MustBe(
            await Command.RunAsync("send", AnyPort, "--frame", "line", "--max-size", "2G", "a"), "2", $"--max-size: '2G' is no number of bytes from 1 to 1073741824; {Suffixes}");
    }

    [Theory]
    [MemberData(nameof(Verbs))]
    public async Task Signal_WhileItGoesOn_TellsAndGoesOn(string verb)
    {
        await using ListeningCommand server = await Command.ListenAsync("serve", AnyPort, "--echo");
        await using ChildProcess process = verb switch
        {
            "connect" => Command.Start("connect", server.Endpoint),
            "relay" => Command.Start("relay", AnyPort, server.Endpoint),
            "listen" => Command.Start("listen", AnyPort),
            _ => Command.Start("serve", AnyPort, "--echo"),
        };
        using Socket? client = verb is "connect" ? null : await RawSocket.ConnectAsync((await ListeningCommand.WhenReadyAsync(process)).Endpoint);
        if (client is null)
        {
            await process.WriteAsync("hello"u8.ToArray());
            await process.WaitForOutputAsync(5);
        }
        else
        {
            await RawSocket.SendAsync(client, "hello"u8.ToArray());
            await (verb is "listen" ? process.WaitForOutputAsync(5) : RawSocket.ReadExactlyAsync(client, 5));
        }

        process.Send(Signal.User1);
        process.Send(Signal.User1);

        int received = 5;
        int sent = verb is "listen" ? 0 : 5;
        string where = verb is "relay" ? @"tcp://\S+ -> tcp://\S+" : @"tcp://\S+";
        await process.WaitForErrorAsync($@"^parley: {where}: 1 open, 0 served, {sent} bytes out, {received} bytes in, \S+ \S+/s now, \S+ \S+/s on average, \d:\d\d:\d\d$");
        client?.Shutdown(SocketShutdown.Send);
        process.CloseInput();
        if (verb is "connect" or "listen")
            (await process.EndAsync()).MustExit(0);
        else
            Assert.Empty(await RawSocket.ReadToEndAsync(client!));
    }

    [Fact]
    public async Task Signal_AfterConversations_CountsThemToo()
    {
        await using ListeningCommand server = await Command.ListenAsync("serve", AnyPort, "-v");
        for (int i = 0; i < 3; i++)
            await RawSocket.ReceiveFromAsync(server.Endpoint);
        await Eventually.TrueAsync(() => server.Messages.Length == 3, "three conversations to be over");

        server.Process.Send(Signal.User1);

        await server.Process.WaitForErrorAsync("0 open, 3 served, 42 bytes out, 0 bytes in");
    }

    private static TimeSpan ProcessorTime(ListeningCommand command)
    {
        using var process = Process.GetProcessById(command.Process.Id);
        return process.TotalProcessorTime;
    }
}
