using System.Net.Sockets;
using static Parley.Cli.Tests.Payload;

namespace Parley.Cli.Tests.Faults;

/// <summary>SIGTERM and SIGINT: servers finish what they have begun, clients end.</summary>
public sealed class ShutdownTests : IDisposable
{
    private const string AnyPort = "tcp://127.0.0.1:0";

    private readonly TestFolder _folder = new();

    public static TheoryData<string> SignalNames => [nameof(Signal.Terminate), nameof(Signal.Interrupt)];

    public void Dispose() => _folder.Dispose();

    [SkippableTheory]
    [InlineData("tcp4", nameof(Signal.Terminate))]
    [InlineData("unix", nameof(Signal.Terminate))]
    [InlineData("tcp4", nameof(Signal.Interrupt))]
    public async Task Serve_SignalDuringTransfers_FinishesThemFirst(string kind, string signal)
    {
        byte[] file = WriteFile(_folder["file"], 8 * Megabyte);
        await using ListeningCommand server = await Command.ListenAsync(
            "serve", Endpoints.New(kind, _folder), "--file", _folder["file"], "--drain-timeout", "60");
        ChildProcess[] readers = await Task.WhenAll(Enumerable.Range(0, 3).Select(_ => CPrograms.StartAsync(
            "slow_reader", [.. Endpoints.ForC(server.Endpoint), "32768", "5000"])));
        try
        {
            foreach (ChildProcess reader in readers)
                await reader.WaitForOutputAsync(1);

            server.Process.Send(Enum.Parse<Signal>(signal));

            foreach (ChildProcess reader in readers)
                MustEqual(file, (await reader.EndAsync(Limits.Transfer)).MustExit(0).Output);
            (await server.EndAsync()).MustExit(0);
        }
        finally
        {
            foreach (ChildProcess reader in readers)
                await reader.DisposeAsync();
        }
    }

    [SkippableFact]
    public async Task Serve_SignalDuringATransfer_TakesNoNewClients()
    {
        WriteFile(_folder["file"], 32 * Megabyte);
        await using ListeningCommand server = await Command.ListenAsync(
            "serve", AnyPort, "--file", _folder["file"], "--drain-timeout", "60");
        using Socket held = await RawSocket.ConnectAsync(server.Endpoint);
        await RawSocket.ReadExactlyAsync(held, 1);

        server.Process.Send(Signal.Terminate);

        await Eventually.TrueAsync(() => IsRefused(server.Endpoint), "no listener any more");
        Assert.False(server.Process.HasEnded);
        Assert.Equal((32 * Megabyte) - 1, (await RawSocket.ReadToEndAsync(held)).Length);
        held.Close();
        (await server.EndAsync()).MustExit(0);
    }

    [SkippableTheory]
    [InlineData("tcp4")]
    [InlineData("unix")]
    public async Task ServeDrainTimeout_ReaderThatNeverReads_IsCutOffAndTold(string kind)
    {
        WriteFile(_folder["file"], 32 * Megabyte);
        await using ListeningCommand server = await Command.ListenAsync(
            "serve", Endpoints.New(kind, _folder), "--file", _folder["file"], "--drain-timeout", "1");
        using Socket stalled = await RawSocket.ConnectAsync(server.Endpoint);
        await RawSocket.ReadExactlyAsync(stalled, 1);

        CommandResult result = await server.StopAsync();

        result.MustExit(1);
        Assert.Contains("parley: 1 conversation was cut off: it did not end within 1 s", result.Error, StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(SignalNames))]
    public async Task Serve_SignalWithNothingToDo_EndsInSilence(string signal)
    {
        await using ListeningCommand server = await Command.ListenAsync("serve", AnyPort);
        Assert.Equal(ServerMessage, await RawSocket.ReceiveFromAsync(server.Endpoint));

        CommandResult result = await server.StopAsync(Enum.Parse<Signal>(signal));

        result.MustExit(0);
        Assert.Empty(server.Messages);
        Assert.Empty(result.Output);
    }

    [SkippableFact]
    public async Task Relay_SignalDuringATransfer_FinishesItFirst()
    {
        byte[] data = Random(8 * Megabyte);
        await using RawListener target = RawListener.Open().Serve(client => RawSocket.SendAndShutdownAsync(client, data));
        await using ListeningCommand relay = await Command.ListenAsync("relay", AnyPort, target.Endpoint, "--drain-timeout", "60");
        await using ChildProcess reader = await CPrograms.StartAsync("slow_reader", [.. Endpoints.ForC(relay.Endpoint), "32768", "5000"]);
        await reader.WaitForOutputAsync(1);

        relay.Process.Send(Signal.Terminate);

        MustEqual(data, (await reader.EndAsync(Limits.Transfer)).MustExit(0).Output);
        (await relay.EndAsync()).MustExit(0);
    }

    [Theory]
    [MemberData(nameof(SignalNames))]
    public async Task Connect_Signal_Is130(string signal)
    {
        using Socket server = RawSocket.Listen();
        await using ChildProcess client = Command.Start("connect", RawSocket.EndpointOf(server));
        using Socket accepted = await RawSocket.AcceptAsync(server);
        await RawSocket.SendAsync(accepted, ServerMessage);
        await client.WaitForOutputAsync(ServerMessage.Length);

        client.Send(Enum.Parse<Signal>(signal));

        CommandResult result = (await client.EndAsync()).MustExit(130);
        Assert.Equal(ServerMessage, result.Output);
    }

    [Fact]
    public async Task Connect_SignalWhileConnecting_Is130()
    {
        using FullBacklog full = FullBacklog.Open();
        await using ChildProcess client = Command.Start("connect", full.Endpoint, "--trace");
        await client.WaitForErrorAsync(@"\bsocket\b");

        client.Send(Signal.Interrupt);

        (await client.EndAsync()).MustExit(130);
    }

    [Theory]
    [MemberData(nameof(SignalNames))]
    public async Task Listen_SignalWhileWaiting_Is130AndLeavesNoPathBehind(string signal)
    {
        string path = _folder["s"];
        await using ListeningCommand server = await Command.ListenAsync("listen", $"unix:{path}");

        (await server.StopAsync(Enum.Parse<Signal>(signal))).MustExit(130);

        Assert.False(File.Exists(path));
    }

    [Fact]
    public async Task PingWait_Signal_Is130()
    {
        await using ChildProcess ping = Command.Start("ping", $"unix:{_folder["s"]}", "--wait", "60", "--trace");
        await ping.WaitForErrorAsync("ENOENT");

        ping.Send(Signal.Interrupt);

        (await ping.EndAsync()).MustExit(130);
    }

    private static bool IsRefused(string endpoint)
    {
        using Socket socket = RawSocket.New(endpoint);
        try
        {
            socket.Connect(Endpoints.Parse(endpoint));
            return false;
        }
        catch (SocketException e)
        {
            return e.SocketErrorCode == SocketError.ConnectionRefused;
        }
    }
}
