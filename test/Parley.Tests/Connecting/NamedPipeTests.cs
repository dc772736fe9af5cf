using System.IO.Pipes;
using System.Net.Sockets;
using System.Text;

namespace Parley.Tests.Connecting;

/// <summary>Named pipes with plain .NET programs on the other end, in both directions.</summary>
public sealed class NamedPipeTests
{
    private const int Large = 4 * 1024 * 1024;

    private readonly NamedPipeEndPoint _endPoint = new($"parley-test-{Guid.NewGuid():N}");

    [Theory]
    [InlineData(PipeOptions.None)]
    [InlineData(PipeOptions.Asynchronous)]
    [InlineData(PipeOptions.Asynchronous | PipeOptions.CurrentUserOnly)]
    public async Task Server_NamedPipeClientStream_TalksBothWays(PipeOptions options)
    {
        await using ConnectionListener listener = await ConnectionListener.BindAsync(_endPoint).Within();
        await using var client = new NamedPipeClientStream(".", _endPoint.Name, PipeDirection.InOut, options);
        await client.ConnectAsync().Within();
        await using Connection server = (await listener.AcceptAsync().Within())!;

        await Talk.SendAndEndAsync(server, "from Parley"u8.ToArray()).Within();
        await client.WriteAsync("from .NET"u8.ToArray()).AsTask().Within();

        Assert.Equal("from Parley", await ReadToEndAsync(client));
        Assert.Equal("from .NET", await Talk.ReadTextAsync(server, 9).Within());
        await client.DisposeAsync();
        Assert.Empty(await Talk.ReadToEndAsync(server).Within());
    }

    [Theory]
    [InlineData(PipeOptions.None)]
    [InlineData(PipeOptions.Asynchronous)]
    [InlineData(PipeOptions.Asynchronous | PipeOptions.CurrentUserOnly)]
    public async Task Client_NamedPipeServerStream_TalksBothWays(PipeOptions options)
    {
        await using var server = new NamedPipeServerStream(_endPoint.Name, PipeDirection.InOut, 1, PipeTransmissionMode.Byte, options);
        Task accepted = Task.Run(server.WaitForConnection);
        await using Connection client = await Connection.ConnectAsync(_endPoint).Within();
        await accepted.Within();

        Assert.Equal(_endPoint, client.RemoteEndPoint);
        await Talk.SendAndEndAsync(client, "from Parley"u8.ToArray()).Within();
        Assert.Equal("from Parley", await ReadToEndAsync(server));

        // It still listens: the end of what it says is no end of the conversation.
        await server.WriteAsync("from .NET"u8.ToArray()).AsTask().Within();
        server.Disconnect();
        Assert.Equal("from .NET", await Talk.ReadTextToEndAsync(client).Within());
    }

    [Fact]
    public async Task Server_ClientThatOnlyReads_GetsEverything()
    {
        byte[] bytes = Payload.Random(Large);
        await using ConnectionListener listener = await ConnectionListener.BindAsync(_endPoint).Within();
        await using var client = new NamedPipeClientStream(".", _endPoint.Name, PipeDirection.In, PipeOptions.Asynchronous);
        await client.ConnectAsync().Within();
        await using Connection server = (await listener.AcceptAsync().Within())!;

        // A client for one direction has half-closed the other one.
        Task sent = Talk.SendAndEndAsync(server, bytes);
        Assert.Empty(await Talk.ReadToEndAsync(server).Within());

        Assert.Equal(bytes, await ReadBytesToEndAsync(client));
        await sent.Within();
    }

    [Fact]
    public async Task Server_ClientThatOnlyWrites_IsHeardToItsEnd()
    {
        byte[] bytes = Payload.Random(Large);
        await using ConnectionListener listener = await ConnectionListener.BindAsync(_endPoint).Within();
        Task<Task> sent = Task.Run<Task>(async () =>
        {
            await using var client = new NamedPipeClientStream(".", _endPoint.Name, PipeDirection.Out, PipeOptions.Asynchronous);
            await client.ConnectAsync();
            await client.WriteAsync(bytes);
            return Task.CompletedTask;
        });
        await using Connection server = (await listener.AcceptAsync().Within())!;

        Assert.Equal(bytes, await Talk.ReadToEndAsync(server).Within());
        await sent.Within();
    }

    [Fact]
    public async Task Server_SeveralClientsAtOnce_EachHasAConversationOfItsOwn()
    {
        const int Clients = 20;
        await using ConnectionListener listener = await ConnectionListener.BindAsync(_endPoint).Within();
        var clients = new List<NamedPipeClientStream>();
        var servers = new List<Connection>();
        var echoes = new List<Task>();
        for (int i = 0; i < Clients; i++)
        {
            var client = new NamedPipeClientStream(".", _endPoint.Name, PipeDirection.InOut, PipeOptions.Asynchronous);
            clients.Add(client);
            await client.ConnectAsync().Within();
            servers.Add((await listener.AcceptAsync().Within())!);
            echoes.Add(Talk.EchoAsync(servers[i]));
        }

        await Task.WhenAll(clients.Select(async (client, i) =>
        {
            byte[] said = Payload.Random(100_000, seed: i);
            byte[] heard = new byte[said.Length];
            Task write = client.WriteAsync(said).AsTask();
            await client.ReadExactlyAsync(heard);
            await write;
            Assert.Equal(said, heard);
        })).Within();

        foreach (NamedPipeClientStream client in clients)
            await client.DisposeAsync();
        await Task.WhenAll(echoes).Within();
        foreach (Connection server in servers)
            await server.DisposeAsync().Within();
    }

    [Fact]
    public async Task Client_SeveralInstancesOfAServer_ReachesEach()
    {
        const int Instances = 5;
        NamedPipeServerStream[] servers = [.. Enumerable.Range(0, Instances).Select(_ => new NamedPipeServerStream(
            _endPoint.Name, PipeDirection.InOut, Instances, PipeTransmissionMode.Byte, PipeOptions.Asynchronous))];
        Task all = Task.WhenAll(servers.Select(async (server, i) =>
        {
            await server.WaitForConnectionAsync();
            await server.WriteAsync(Encoding.UTF8.GetBytes($"{i}"));
            await server.DisposeAsync();
        }));

        string[] heard = await Task.WhenAll(Enumerable.Range(0, Instances).Select(async _ =>
        {
            await using Connection client = await Connection.ConnectAsync(_endPoint);
            return await Talk.ReadTextToEndAsync(client);
        })).Within();

        await all.Within();
        Assert.Equal(["0", "1", "2", "3", "4"], heard.Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task ConnectAsync_NoSuchPipe_IsNotFound()
    {
        ConnectionException failure = await Assert.ThrowsAsync<ConnectionException>(() => Connection.ConnectAsync(_endPoint).Within());

        Assert.Equal((Step.Connect, Reason.NotFound, "ENOENT"), (failure.Step, failure.Reason, failure.ErrorName));
        Assert.Equal(_endPoint, failure.EndPoint);
    }

    [Fact]
    public async Task ConnectAsync_StalePipe_IsRefused()
    {
        using var folder = new TestFolder();
        RawSocket.ListenAt(folder["p"]).Dispose();

        ConnectionException failure = await Assert.ThrowsAsync<ConnectionException>(
            () => Connection.ConnectAsync(new NamedPipeEndPoint(folder["p"])).Within());

        Assert.Equal((Step.Connect, Reason.Refused), (failure.Step, failure.Reason));
    }

    [Fact]
    public async Task ConnectAsync_Retries_WaitForTheServer()
    {
        var options = new ConnectionOptions { RetryCount = 1000, RetryDelay = TimeSpan.FromMilliseconds(10) };
        Task<Connection> connect = Connection.ConnectAsync(_endPoint, options).AsTask();
        await using var server = new NamedPipeServerStream(_endPoint.Name, PipeDirection.InOut, 1, PipeTransmissionMode.Byte, PipeOptions.Asynchronous);

        await server.WaitForConnectionAsync().Within();

        await using Connection client = await connect.Within();
        client.Abort();
    }

    [Fact]
    public async Task ConnectAsync_OwnSymbolicLink_IsFollowed()
    {
        using var folder = new TestFolder();
        using Socket live = RawSocket.ListenAt(folder["s"]);
        File.CreateSymbolicLink(folder["p"], folder["s"]);

        await using Connection client = await Connection.ConnectAsync(new NamedPipeEndPoint(folder["p"])).Within();

        using Socket served = await live.AcceptAsync().Within();
        client.Abort();
    }

    private static async Task<byte[]> ReadBytesToEndAsync(Stream stream)
    {
        using var all = new MemoryStream();
        await stream.CopyToAsync(all).Within();
        return all.ToArray();
    }

    private static async Task<string> ReadToEndAsync(Stream stream) => Encoding.UTF8.GetString(await ReadBytesToEndAsync(stream));
}
