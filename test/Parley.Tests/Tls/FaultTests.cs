using System.Buffers;
using System.IO.Pipelines;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Parley.Tests.Tls;

/// <summary>Peers that say nothing, say something else, or stop in the middle.</summary>
public sealed class FaultTests
{
    [Fact]
    public async Task SilentClients_Many_OthersAreServedMeanwhile()
    {
        await using TlsServer server = await TlsServer.StartAsync(TlsPeers.Server());
        var silent = new List<Socket>();
        try
        {
            for (int i = 0; i < 200; i++)
                silent.Add(await RawSocket.ConnectAsync(server.EndPoint.Address));

            for (int i = 0; i < 20; i++)
                await server.MustGreetAsync(TlsPeers.Client());
        }
        finally
        {
            silent.ForEach(static socket => socket.Dispose());
        }
    }

    [Fact]
    public async Task SilentClient_HandshakeTimeout_IsLetGo()
    {
        TlsOptions options = TlsPeers.Server();
        options.HandshakeTimeout = TimeSpan.FromMilliseconds(50);
        await using TlsServer server = await TlsServer.StartAsync(options);
        using Socket silent = await RawSocket.ConnectAsync(server.EndPoint.Address);

        await MustBeEndedAsync(silent);
    }

    /// <summary>A handshake is given its time once, not anew with each byte.</summary>
    [Fact]
    public async Task SlowClient_ByteAfterByte_IsLetGoAtTheDeadline()
    {
        TlsOptions options = TlsPeers.Server();
        options.HandshakeTimeout = TimeSpan.FromMilliseconds(200);
        await using TlsServer server = await TlsServer.StartAsync(options);
        using Socket slow = await RawSocket.ConnectAsync(server.EndPoint.Address);
        Task ended = MustBeEndedAsync(slow);

        // The beginning of a record that has room for as many bytes as come.
        byte[] begun = [22, 3, 1, 64, 0, 1, 0, 60, 0, 3, 3];
        try
        {
            for (int sent = 0; !ended.IsCompleted && sent < 16 * 1024; sent++)
            {
                await slow.SendAsync(sent < begun.Length ? begun.AsMemory(sent, 1) : new byte[1]).Within();
                await Task.WhenAny(ended, Task.Delay(10));
            }
        }
        catch (SocketException)
        {
            // It has been let go meanwhile.
        }

        await ended;
        await Eventually.TrueAsync(() => server.Log.Has("no TLS handshake within 0.2 s"), "the log");
    }

    [Fact]
    public async Task SilentClients_MoreThanHandshakesAtOnce_OneThatHasSpokenIsKept()
    {
        TlsOptions options = TlsPeers.Server();
        options.MaxHandshakes = 2;
        await using TlsServer server = await TlsServer.StartAsync(options);
        using Socket speaking = await RawSocket.ConnectAsync(server.EndPoint.Address);
        await speaking.SendAsync(await HelloAsync()).Within();
        await RawSocket.ReadExactlyAsync(speaking, 1);

        for (int i = 0; i < 10; i++)
        {
            using Socket silent = await RawSocket.ConnectAsync(server.EndPoint.Address);
            using Socket newer = await RawSocket.ConnectAsync(server.EndPoint.Address);
            await MustBeEndedAsync(silent);
        }

        await speaking.SendAsync(new byte[] { 22 }).Within();
        Assert.False(speaking.Poll(0, SelectMode.SelectError));
    }

    /// <summary>Who is in a handshake takes nobody's place among those who may be connected.</summary>
    [Fact]
    public async Task SilentClients_AsManyAsMaxConnections_OthersAreServed()
    {
        await using TlsServer server = await TlsServer.StartAsync(TlsPeers.Server(), maxConnections: 1);
        using Socket silent = await RawSocket.ConnectAsync(server.EndPoint.Address);
        using Socket another = await RawSocket.ConnectAsync(server.EndPoint.Address);

        await server.MustGreetAsync(TlsPeers.Client());
        await server.MustGreetAsync(TlsPeers.Client());
    }

    [Fact]
    public async Task SilentClients_MoreThanHandshakesAtOnce_TheOldestIsGivenUp()
    {
        TlsOptions options = TlsPeers.Server();
        options.MaxHandshakes = 1;
        await using TlsServer server = await TlsServer.StartAsync(options);
        using Socket oldest = await RawSocket.ConnectAsync(server.EndPoint.Address);
        using Socket newer = await RawSocket.ConnectAsync(server.EndPoint.Address);

        await MustBeEndedAsync(oldest);
        await server.MustGreetAsync(TlsPeers.Client());
    }

    [Fact]
    public async Task SilentServer_HandshakeTimeout_SaysSo()
    {
        using Socket listener = RawSocket.Listen(new IPEndPoint(IPAddress.Loopback, 0));
        TlsOptions options = TlsPeers.Client();
        options.HandshakeTimeout = TimeSpan.FromMilliseconds(50);

        ConnectionException failure = await Assert.ThrowsAsync<ConnectionException>(
            () => Connection.ConnectAsync(new TlsEndPoint(listener.LocalEndPoint!), new ConnectionOptions { Tls = options }).Within());

        Assert.Equal((Step.Handshake, Reason.TimedOut), (failure.Step, failure.Reason));
    }

    [Fact]
    public async Task PlainClient_SpeaksHttp_IsRefusedAndNamed()
    {
        await using TlsServer server = await TlsServer.StartAsync(TlsPeers.Server());
        using Socket plain = await RawSocket.ConnectAsync(server.EndPoint.Address);
        await plain.SendAsync("GET / HTTP/1.1\r\nHost: x\r\n\r\n"u8.ToArray()).Within();

        await MustBeEndedAsync(plain);
        await Eventually.TrueAsync(() => server.Log.Has("it began with \"GET / HTTP/1.1"), "the log");
        await server.MustGreetAsync(TlsPeers.Client());
    }

    [Fact]
    public async Task PlainServer_IsRefusedAndNamed()
    {
        using Socket listener = RawSocket.Listen(new IPEndPoint(IPAddress.Loopback, 0));
        Task<Connection> connecting = Connection.ConnectAsync(new TlsEndPoint(listener.LocalEndPoint!), new ConnectionOptions { Tls = TlsPeers.Client() }).AsTask();
        using Socket plain = await listener.AcceptAsync().Within();
        await plain.SendAsync(Encoding.ASCII.GetBytes("220 mail.example ESMTP\r\n")).Within();

        ConnectionException failure = await Assert.ThrowsAsync<ConnectionException>(() => connecting.Within());

        Assert.Equal((Step.Handshake, Reason.Untrusted), (failure.Step, failure.Reason));
        Assert.Contains("speaks no TLS: it began with \"220 mail", failure.Message, StringComparison.Ordinal);
    }

    /// <summary>The end of the stream underneath is no end of the conversation: anybody on the way can make one.</summary>
    [Fact]
    public async Task Truncated_WithoutCloseNotify_WhatCameIsHandedOutAndThenAnError()
    {
        (Connection first, Connection second) = Connection.CreatePair();
        Task<Connection> securing = second.SecureAsServerAsync(TlsPeers.Server()).AsTask();
        await using Connection client = await first.SecureAsClientAsync(TlsPeers.Client()).Within();
        Connection server = await securing.Within();
        await Talk.SendAsync(server, "half").Within();
        await second.CompleteWritesAsync().Within();

        Assert.Equal("half", await Talk.ReadTextAsync(client, 4).Within());
        ConnectionException cut = await Assert.ThrowsAsync<ConnectionException>(() => Talk.ReadToEndAsync(client).Within());

        Assert.Equal((Step.Read, Reason.Reset), (cut.Step, cut.Reason));
        Assert.Contains("close_notify", cut.Message, StringComparison.Ordinal);
        client.Abort();
        server.Abort();
        await server.DisposeAsync().Within();
    }

    [Fact]
    public async Task Corrupt_AfterTheHandshake_IsAnErrorForBothDirections()
    {
        (Connection first, Connection second) = Connection.CreatePair();
        Task<Connection> securing = second.SecureAsServerAsync(TlsPeers.Server()).AsTask();
        await using Connection client = await first.SecureAsClientAsync(TlsPeers.Client()).Within();
        Connection server = await securing.Within();
        await Talk.SendAsync(second, new byte[] { 23, 3, 3, 0, 32 }.Concat(new byte[32]).ToArray()).Within();

        ConnectionException corrupt = await Assert.ThrowsAsync<ConnectionException>(() => Talk.ReadToEndAsync(client).Within());

        Assert.Equal((Step.Read, Reason.Corrupt), (corrupt.Step, corrupt.Reason));
        await Eventually.CancelledAsync(client.Closed);
        server.Abort();
        await server.DisposeAsync().Within();
    }

    /// <summary>The first words of a client.</summary>
    private static async Task<byte[]> HelloAsync()
    {
        (Connection first, Connection second) = Connection.CreatePair();
        Task<Connection> client = first.SecureAsClientAsync(TlsPeers.Client()).AsTask();
        ReadResult hello = await second.Input.ReadAsync().Within();
        byte[] bytes = hello.Buffer.ToArray();
        second.Input.AdvanceTo(hello.Buffer.End);
        second.Abort();
        await Assert.ThrowsAsync<ConnectionException>(() => client.Within());
        return bytes;
    }

    private static async Task MustBeEndedAsync(Socket socket)
    {
        try
        {
            Assert.Equal(0, await socket.ReceiveAsync(new byte[1]).Within());
        }
        catch (SocketException broken) when (broken.SocketErrorCode == SocketError.ConnectionReset)
        {
            // That is an end too.
        }
    }
}
