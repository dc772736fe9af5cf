using System.Net;

namespace Parley.Tests;

/// <summary>A listener of one test, and the connections that are made with it.</summary>
internal sealed class Bound : IAsyncDisposable
{
    private readonly Place _place;
    private readonly List<Connection> _connections = [];

    private Bound(Place place, ConnectionListener listener)
    {
        _place = place;
        Listener = listener;
        EndPoint = listener.LocalEndPoint;
    }

    public ConnectionListener Listener { get; }

    public EndPoint EndPoint { get; }

    public static async Task<Bound> ToAsync(ChannelKind kind, Action<ListenerOptions>? configure = null)
    {
        var place = new Place(kind);
        var options = new ListenerOptions();
        if (kind == ChannelKind.Tls)
            options.Tls = TlsPeers.Server();
        configure?.Invoke(options);
        return new Bound(place, await ConnectionListener.BindAsync(place.EndPoint, options).Within());
    }

    public async Task<Connection> ConnectAsync()
        => Keep(await Connection.ConnectAsync(EndPoint, EndPoint is TlsEndPoint ? new ConnectionOptions { Tls = TlsPeers.Client() } : null).Within().ConfigureAwait(false));

    public async Task<Connection> AcceptAsync()
    {
        Connection? accepted = await Listener.AcceptAsync().Within().ConfigureAwait(false);
        Assert.NotNull(accepted);
        return Keep(accepted);
    }

    public async ValueTask DisposeAsync()
    {
        await Listener.DisposeAsync().Within();
        foreach (Connection connection in _connections)
        {
            connection.Abort();
            await connection.DisposeAsync().Within();
        }

        _place.Dispose();
    }

    private Connection Keep(Connection connection)
    {
        lock (_connections)
            _connections.Add(connection);
        return connection;
    }
}
