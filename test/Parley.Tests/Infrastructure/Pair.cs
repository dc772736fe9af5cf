namespace Parley.Tests;

/// <summary>Both ends of one conversation, made as programs make it: bind, connect, accept.</summary>
internal sealed class Pair : IAsyncDisposable
{
    private readonly Place _place;
    private readonly ConnectionListener _listener;

    private Pair(Place place, ConnectionListener listener, Connection client, Connection server)
    {
        _place = place;
        _listener = listener;
        Client = client;
        Server = server;
    }

    public Connection Client { get; }

    public Connection Server { get; }

    public static async Task<Pair> ConnectAsync(ChannelKind kind, bool inline = false, Action<ConnectionOptions>? configure = null, long? rateLimit = null)
    {
        var place = new Place(kind);
        var listening = new ListenerOptions { RunContinuationsInline = inline };
        var connecting = new ConnectionOptions { RunContinuationsInline = inline };
        if (kind == ChannelKind.Tls)
            (listening.Tls, connecting.Tls) = (TlsPeers.Server(), TlsPeers.Client());
        configure?.Invoke(listening);
        configure?.Invoke(connecting);
        ConnectionListener listener = await ConnectionListener.BindAsync(place.EndPoint, listening).Within();

        // Both open a FIFO, or neither has.
        Task<Connection?>? accept = kind == ChannelKind.FifoPair ? listener.AcceptAsync().AsTask() : null;
        Connection client = await Connection.ConnectAsync(Place.ForClient(listener.LocalEndPoint), connecting).Within();
        Connection? server = await (accept ?? listener.AcceptAsync().AsTask()).Within();
        Assert.NotNull(server);
        return rateLimit is long rate
            ? new Pair(place, listener, client.LimitRate(rate), server.LimitRate(rate))
            : new Pair(place, listener, client, server);
    }

    /// <summary>Gives up what the test has left open, so that no test waits for a close that it is not about.</summary>
    public async ValueTask DisposeAsync()
    {
        Client.Abort();
        Server.Abort();
        await Client.DisposeAsync().Within();
        await Server.DisposeAsync().Within();
        await _listener.DisposeAsync().Within();
        _place.Dispose();
    }
}
