using System.IO.Pipes;
using static Parley.Cli.Tests.Payload;

namespace Parley.Cli.Tests.Pipes;

/// <summary>The command's named pipes with plain .NET programs, here this very process, on the other end.</summary>
public sealed class PeerTests : IDisposable
{
    private readonly string _name = $"parley-test-{Guid.NewGuid():N}";
    private readonly TestFolder _folder = new();

    private string Endpoint => $"pipe:{_name}";

    public void Dispose()
    {
        // What a command that is killed when its test ends leaves behind.
        string path = Path.Combine(Path.GetTempPath(), "CoreFxPipe_" + _name);
        File.Delete(path);
        File.Delete(path + ".lock");
        _folder.Dispose();
    }

    [Fact]
    public async Task Serve_NamedPipeClientStreams_EachGetTheMessage()
    {
        await using ListeningCommand server = await Command.ListenAsync("serve", Endpoint);
        Assert.Equal(Endpoint, server.Endpoint);

        byte[][] replies = await Task.WhenAll(Enumerable.Range(0, 10).Select(async _ =>
        {
            await using NamedPipeClientStream client = await ConnectAsync();
            return await ReadToEndAsync(client);
        }));

        Assert.All(replies, reply => Assert.Equal(ServerMessage, reply));
        (await server.StopAsync()).MustExit(0);
        Assert.False(File.Exists(Path.Combine(Path.GetTempPath(), "CoreFxPipe_" + _name)));
    }

    [Fact]
    public async Task ServeEcho_SlowClient_HoldsNobodyUp()
    {
        await using ListeningCommand server = await Command.ListenAsync("serve", Endpoint, "--echo");
        await using NamedPipeClientStream silent = await ConnectAsync();
        await using NamedPipeClientStream client = await ConnectAsync();
        byte[] said = Payload.Random(Megabyte);
        byte[] heard = new byte[said.Length];

        Task write = client.WriteAsync(said).AsTask();
        await client.ReadExactlyAsync(heard).AsTask().WaitAsync(Limits.Transfer);
        await write.WaitAsync(Limits.Wait);

        MustEqual(said, heard);
    }

    [Theory]
    [InlineData("connect")]
    [InlineData("listen")]
    public async Task StandardStreams_NamedPipeStream_TalkBothWays(string verb)
    {
        byte[] said = Payload.Random(Megabyte);
        byte[] reply = Payload.Random(Megabyte);
        await using NamedPipeServerStream? server = verb is "connect" ? Serve() : null;
        Task accepted = server?.WaitForConnectionAsync() ?? Task.CompletedTask;
        await using ChildProcess process = Command.Start(verb, Endpoint);
        Task written = process.WriteAsync(said, close: true);
        await using PipeStream peer = server ?? (PipeStream)await WhenListeningAsync(process);
        await accepted.WaitAsync(Limits.Wait);

        Assert.Equal(said.Length, (await ReadToEndAsync(peer)).Length);
        await peer.WriteAsync(reply).AsTask().WaitAsync(Limits.Transfer);
        await peer.DisposeAsync();

        MustEqual(reply, (await process.EndAsync()).MustExit(0).Output);
        await written.WaitAsync(Limits.Wait);
    }

    [Fact]
    public async Task Relay_FromPipeToTcpAndBack_CarriesTheConversation()
    {
        await using ListeningCommand echo = await Command.ListenAsync("serve", "tcp://127.0.0.1:0", "--echo");
        await using ListeningCommand toTcp = await Command.ListenAsync("relay", Endpoint, echo.Endpoint);
        await using ListeningCommand toPipe = await Command.ListenAsync("relay", "tcp://127.0.0.1:0", Endpoint);

        CommandResult result = await Command.RunAsync(new Launch("connect", toPipe.Endpoint) { Input = "there and back"u8.ToArray() });

        Assert.Equal("there and back", result.MustExit(0).Text);
    }

    [Fact]
    public async Task Ping_ServerThatComesLater_IsWaitedFor()
    {
        await using ChildProcess ping = Command.Start("ping", Endpoint, "--wait", "30");
        await using NamedPipeServerStream server = Serve();

        CommandResult result = await ping.EndAsync();

        Assert.StartsWith($"{Endpoint}: connected in ", result.MustExit(0).Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Serve_LiveNamedPipeServerStream_IsNotStolenAndSeesNobody()
    {
        await using NamedPipeServerStream server = Serve();
        Task accepted = server.WaitForConnectionAsync();

        Errors.Failure.MustBe(await Command.RunAsync("serve", Endpoint), "3", $"cannot listen on {Endpoint}: .*EADDRINUSE");

        Assert.False(accepted.IsCompleted);
        await using NamedPipeClientStream client = await ConnectAsync();
        await accepted.WaitAsync(Limits.Wait);
    }

    [Fact]
    public async Task Serve_LiveParleyServer_IsNotStolen()
    {
        await using ListeningCommand first = await Command.ListenAsync("serve", Endpoint);

        for (int i = 0; i < 3; i++)
            Errors.Failure.MustBe(await Command.RunAsync("serve", Endpoint), "3", $"cannot listen on {Endpoint}: .*EADDRINUSE");

        Assert.Equal(ServerMessage, (await Command.RunAsync("connect", Endpoint)).MustExit(0).Output);
    }

    [Fact]
    public async Task Serve_PipeLeftByAKilledServer_IsTakenOver()
    {
        string endpoint = $"pipe:{_folder["p"]}";
        for (int i = 0; i < 3; i++)
        {
            await using ListeningCommand killed = await Command.ListenAsync("serve", endpoint);
            Assert.Equal(ServerMessage, (await Command.RunAsync("connect", endpoint)).MustExit(0).Output);
            await killed.StopAsync(Signal.Kill);
            Assert.True(File.Exists(_folder["p"]));
        }

        await using ListeningCommand server = await Command.ListenAsync("serve", endpoint);
        Assert.Equal(ServerMessage, (await Command.RunAsync("connect", endpoint)).MustExit(0).Output);
    }

    private static async Task<byte[]> ReadToEndAsync(Stream stream)
    {
        using var all = new MemoryStream();
        await stream.CopyToAsync(all).WaitAsync(Limits.Transfer);
        return all.ToArray();
    }

    private NamedPipeServerStream Serve() => new(_name, PipeDirection.InOut, 1, PipeTransmissionMode.Byte, PipeOptions.Asynchronous);

    private async Task<NamedPipeClientStream> ConnectAsync()
    {
        var client = new NamedPipeClientStream(".", _name, PipeDirection.InOut, PipeOptions.Asynchronous);
        await client.ConnectAsync().WaitAsync(Limits.Wait);
        return client;
    }

    private async Task<NamedPipeClientStream> WhenListeningAsync(ChildProcess process)
    {
        await ListeningCommand.WhenReadyAsync(process);
        return await ConnectAsync();
    }
}
