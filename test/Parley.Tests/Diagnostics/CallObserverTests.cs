using System.Net;

namespace Parley.Tests.Diagnostics;

/// <summary>The tutorial's conversation, call by call: the server says one thing and closes, the client reads to the end.</summary>
public sealed class CallObserverTests
{
    [Fact]
    public async Task OnCall_TcpConversation_TellsEachStepOfTheClient()
    {
        (RecordingObserver client, _, EndPoint endPoint) = await TalkAsync(ChannelKind.Tcp4);

        Assert.Equal(["socket", "connect", "read", "read", "shutdown", "close"], client.Names);
        int descriptor = (int)client.Single("socket").Result;
        Assert.All(client.Calls.Skip(1), call => Assert.Equal(descriptor, call.Descriptor));
        Assert.All(client.Calls, call => Assert.Equal(endPoint, call.EndPoint));
        Assert.All(client.Calls, call => Assert.Equal((0, null), (call.ErrorNumber, call.ErrorName)));
        Assert.All(client.Calls, call => Assert.True(call.Duration >= TimeSpan.Zero));
        Assert.Equal([14L, 0L], client.Calls.Where(call => call.Name == "read").Select(call => call.Result));
    }

    [Fact]
    public async Task OnCall_TcpConversation_TellsEachStepOfTheServer()
    {
        (_, RecordingObserver server, EndPoint endPoint) = await TalkAsync(ChannelKind.Tcp4);

        Assert.Equal(["socket", "bind", "listen", "accept", "write", "shutdown", "close", "close"], server.Names);
        Assert.Equal(512, server.Single("listen").Argument);
        SystemCall accept = server.Single("accept");
        SystemCall write = server.Single("write");
        Assert.Equal(server.Single("socket").Result, accept.Descriptor);
        Assert.Equal(accept.Result, write.Descriptor);
        Assert.Equal((14, 14), (write.Argument, write.Result));
        Assert.NotEqual(endPoint, accept.EndPoint);
        Assert.Equal(accept.EndPoint, write.EndPoint);
        Assert.Equal(endPoint, server.Calls[^1].EndPoint);
    }

    [Fact]
    public async Task OnCall_TcpConversation_HasTheKernelsFiguresAtConnectAcceptAndClose()
    {
        (RecordingObserver client, RecordingObserver server, _) = await TalkAsync(ChannelKind.Tcp4);

        Assert.Equal(["connect", "close"], client.Calls.Where(call => call.Tcp is not null).Select(call => call.Name));
        Assert.Equal(["accept", "close"], server.Calls.Where(call => call.Tcp is not null).Select(call => call.Name));
        Assert.True(client.Single("connect").Tcp!.RoundTrip > TimeSpan.Zero);
        Assert.Equal((14, 0), (client.Single("close").Tcp!.BytesReceived, client.Single("close").Tcp!.BytesAcknowledged));
        Assert.Equal((0, 14), (server.Calls[^2].Tcp!.BytesReceived, server.Calls[^2].Tcp!.BytesAcknowledged));
    }

    [Fact]
    public async Task OnCall_UnixConversation_IsTheSameWithoutFigures()
    {
        (RecordingObserver client, RecordingObserver server, _) = await TalkAsync(ChannelKind.UnixPath);

        Assert.Equal(["socket", "connect", "read", "read", "shutdown", "close"], client.Names);
        Assert.Equal(["socket", "bind", "listen", "accept", "write", "shutdown", "close", "close"], server.Names);
        Assert.All(client.Calls.Concat(server.Calls), call => Assert.Null(call.Tcp));
    }

    [Fact]
    public async Task OnCall_Refused_TellsTheErrorByName()
    {
        var observer = new RecordingObserver();
        IPEndPoint nobody = RawSocket.UnusedPort();

        await Assert.ThrowsAsync<ConnectionException>(
            () => Connection.ConnectAsync(nobody, new ConnectionOptions { CallObserver = observer }).Within());

        Assert.Equal(["socket", "connect", "close"], observer.Names);
        SystemCall connect = observer.Single("connect");
        Assert.Equal((-1, 111, "ECONNREFUSED"), (connect.Result, connect.ErrorNumber, connect.ErrorName));
        Assert.Equal(nobody, connect.EndPoint);
        Assert.Null(connect.Tcp);
    }

    [Fact]
    public async Task OnCall_AddressInUse_TellsTheErrorByName()
    {
        await using Bound bound = await Bound.ToAsync(ChannelKind.Tcp4);
        var observer = new RecordingObserver();

        await Assert.ThrowsAsync<ConnectionException>(
            () => ConnectionListener.BindAsync(bound.EndPoint, new ListenerOptions { CallObserver = observer }).Within());

        Assert.Equal(["socket", "bind"], observer.Names.Take(2));
        Assert.Equal("EADDRINUSE", observer.Single("bind").ErrorName);
    }

    [Fact]
    public async Task OnCall_PeerBreaksOff_TellsTheErrorByName()
    {
        var observer = new RecordingObserver();
        await using RawPair pair = await RawPair.ConnectAsync(ChannelKind.Tcp4, options => options.CallObserver = observer);
        Task read = pair.Connection.Input.ReadAsync().AsTask();
        Assert.False(read.IsCompleted);

        RawSocket.Reset(pair.Peer);
        await Assert.ThrowsAsync<ConnectionException>(() => read.Within());

        Assert.Equal("ECONNRESET", observer.Single("read").ErrorName);
    }

    private static async Task<(RecordingObserver Client, RecordingObserver Server, EndPoint EndPoint)> TalkAsync(ChannelKind kind)
    {
        var atServer = new RecordingObserver();
        var atClient = new RecordingObserver();
        await using Bound bound = await Bound.ToAsync(kind, options => options.CallObserver = atServer);
        Connection client = await Connection.ConnectAsync(bound.EndPoint, new ConnectionOptions { CallObserver = atClient }).Within();
        Connection server = await bound.AcceptAsync();

        await Talk.SendAsync(server, "Server Message").Within();
        Assert.Equal("Server Message", await Talk.ReadTextAsync(client, 14).Within());
        Task closed = server.DisposeAsync().AsTask();
        Assert.Empty(await Talk.ReadToEndAsync(client).Within());
        await client.DisposeAsync().Within();
        await closed.Within();
        await bound.Listener.DisposeAsync().Within();
        return (atClient, atServer, bound.EndPoint);
    }
}
