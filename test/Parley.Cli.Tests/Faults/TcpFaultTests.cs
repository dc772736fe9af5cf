using static Parley.Cli.Tests.Payload;

namespace Parley.Cli.Tests.Faults;

/// <summary>Stopped readers, sockets joined to themselves, remembered connections, interrupted calls.</summary>
public sealed class TcpFaultTests : IDisposable
{
    private const string AnyPort = "tcp://127.0.0.1:0";

    private readonly TestFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [SkippableTheory]
    [InlineData("tcp4")]
    [InlineData("unix")]
    public async Task ServeWriteTimeout_StoppedReader_IsBrokenOffWhileOthersAreServed(string kind)
    {
        byte[] file = WriteFile(_folder["file"], 32 * Megabyte);
        await using ListeningCommand server = await Command.ListenAsync(
            "serve", Endpoints.New(kind, _folder), "--file", _folder["file"], "--write-timeout", "2");
        int idle = ProcFs.SocketCount(server.Process.Id);
        await using ChildProcess reader = await CPrograms.StartAsync("slow_reader", [.. Endpoints.ForC(server.Endpoint), "4096", "2000"]);
        await reader.WaitForOutputAsync(1);

        await reader.FreezeAsync();
        MustEqual(file, await RawSocket.ReceiveFromAsync(server.Endpoint));
        await Eventually.TrueAsync(() => ProcFs.SocketCount(server.Process.Id) <= idle, () => $"the reader broken off: {server.Process.Describe()}");

        reader.Thaw();
        CommandResult result = await reader.EndAsync();
        Assert.InRange(result.Output.Length, 1, file.Length - 1);
        if (Endpoints.IsTcp(server.Endpoint))
            Assert.Equal(1, result.ExitCode);
        MustEqual(file, await RawSocket.ReceiveFromAsync(server.Endpoint));
    }

    [SkippableFact]
    public async Task ServeWriteTimeout_SlowReader_IsNotBrokenOff()
    {
        // Longer than the limit in all, but it takes something all the time.
        byte[] file = WriteFile(_folder["file"], 12 * Megabyte);
        await using ListeningCommand server = await Command.ListenAsync(
            "serve", AnyPort, "--file", _folder["file"], "--write-timeout", "3");

        CommandResult reader = await CPrograms.RunAsync("slow_reader", [.. Endpoints.ForC(server.Endpoint), "32768", "5000"]);

        MustEqual(file, reader.MustExit(0).Output);
    }

    [SkippableTheory]
    [InlineData("connect")]
    [InlineData("ping")]
    public async Task Connect_PortThatWouldJoinTheSocketToItself_IsRefused(string verb)
    {
        const int Port = 40000;
        string naive = await CPrograms.PathOfAsync("self_connect");
        CommandResult possible = await ChildProcess.RunAsync([.. NetworkNamespace.WithOnlyEphemeralPort(Port), naive, "127.0.0.1", $"{Port}"]);
        Skip.If(possible.ExitCode != 0, $"no socket connects to itself here: {possible}");

        CommandResult result = await Command.RunAsync(new Launch(verb, $"tcp://127.0.0.1:{Port}") { OnlyEphemeralPort = Port });

        result.MustExit(3);
        Assert.Empty(result.Output);
        Assert.Matches("^parley: cannot connect to tcp://127.0.0.1:40000: ", result.Error);
    }

    [SkippableTheory]
    [InlineData(nameof(Signal.Terminate))]
    [InlineData(nameof(Signal.Kill))]
    public async Task Serve_RestartedOnAPortInTimeWait_ListensAtOnce(string signal)
    {
        await using ListeningCommand first = await Command.ListenAsync("serve", AnyPort);
        for (int i = 0; i < 3; i++)
            Assert.Equal(ServerMessage, await RawSocket.ReceiveFromAsync(first.Endpoint));
        await Eventually.TrueAsync(() => ProcFs.HasTimeWait(first.Port), "a remembered connection");
        await first.StopAsync(Enum.Parse<Signal>(signal));

        await using ListeningCommand second = await Command.ListenAsync("serve", first.Endpoint);

        Assert.Equal(first.Endpoint, second.Endpoint);
        Assert.Equal(ServerMessage, await RawSocket.ReceiveFromAsync(second.Endpoint));
    }

    [SkippableTheory]
    [InlineData("tcp4")]
    [InlineData("unix")]
    public async Task Connect_StoppedAndContinuedInMidTransfer_LosesNothing(string kind)
    {
        byte[] file = WriteFile(_folder["file"], 32 * Megabyte);
        await using ListeningCommand server = await Command.ListenAsync("serve", Endpoints.New(kind, _folder), "--file", _folder["file"]);
        await using ChildProcess client = Command.Start(new Launch("connect", server.Endpoint) { CollectOutput = false });
        client.CloseInput();
        // Most of it is read only after the last stop, so that neither can end between a stop and its continuation.
        byte[] received = new byte[10 * Megabyte];
        const int Piece = 2 * Megabyte;
        await client.ReadAsync(received.AsMemory(0, Piece)).WaitAsync(Limits.Wait);

        for (int read = Piece; read < received.Length; read += Piece)
        {
            Task reading = client.ReadAsync(received.AsMemory(read, Piece));
            foreach (ChildProcess process in new[] { client, server.Process })
            {
                await process.FreezeAsync();
                process.Thaw();
            }

            await reading.WaitAsync(Limits.Wait);
        }

        var rest = new StreamCollector(client.Output);
        (await client.EndAsync(Limits.Transfer)).MustExit(0);
        await rest.Ended.WaitAsync(Limits.Wait);
        MustEqual(file, [.. received, .. rest.ToArray()]);
    }

    [SkippableFact]
    public async Task Serve_ClientsThatResetBeforeTheyAreAccepted_DoNotEndIt()
    {
        await using ListeningCommand server = await Command.ListenAsync("serve", AnyPort, "--backlog", "512");

        // Stopped, so that all of them are gone when it accepts them.
        await server.Process.FreezeAsync();
        for (int i = 0; i < 100; i++)
            RawSocket.Reset(await RawSocket.ConnectAsync(server.Endpoint));
        server.Process.Thaw();

        Assert.Equal(ServerMessage, await RawSocket.ReceiveFromAsync(server.Endpoint));
    }
}
