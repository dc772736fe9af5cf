using System.IO.Pipelines;
using System.Net;
using System.Text;

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
        return new Bound(place, await ListenAsync(place.EndPoint, configure));
    }

    /// <summary>A listener that the test disposes itself.</summary>
    public static async Task<ConnectionListener> ListenAsync(EndPoint local, Action<ListenerOptions>? configure = null)
    {
        var options = new ListenerOptions();
        if (local is TlsEndPoint)
            options.Tls = TlsPeers.Server();
        configure?.Invoke(options);
        return await ConnectionListener.BindAsync(local, options).Within();
    }

    public async Task<Connection> ConnectAsync()
        => Keep(await Connection.ConnectAsync(EndPoint, EndPoint is TlsEndPoint ? new ConnectionOptions { Tls = TlsPeers.Client() } : null).Within().ConfigureAwait(false));

    public async Task<Connection> AcceptAsync()
    {
        Connection? accepted = await Listener.AcceptAsync().Within().ConfigureAwait(false);
        Assert.NotNull(accepted);
        return Keep(accepted);
    }

    /// <summary>Accepts until somebody says this. Whoever has gone during a handshake is not handed out; without one it is, and is let go here.</summary>
    public async Task<Connection> AcceptWhoSaysAsync(string said)
    {
        while (true)
        {
            Connection accepted = await AcceptAsync().ConfigureAwait(false);
            if (await SaysAsync(accepted, said).ConfigureAwait(false))
                return accepted;
            await accepted.DisposeAsync().Within().ConfigureAwait(false);
        }
    }

    // Who has gone has ended, or has broken off.
    private static async Task<bool> SaysAsync(Connection accepted, string said)
    {
        try
        {
            ReadResult result = await accepted.Input.ReadAtLeastAsync(said.Length).Within().ConfigureAwait(false);
            bool says = Encoding.UTF8.GetString(result.Buffer) == said;
            accepted.Input.AdvanceTo(result.Buffer.End);
            return says;
        }
        catch (ConnectionException)
        {
            return false;
        }
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
