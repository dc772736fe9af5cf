using System.Net;
using System.Net.Sockets;

namespace Parley.Tests;

/// <summary>A connection of the library to a plain socket that does as it is told.</summary>
internal sealed class RawPair : IAsyncDisposable
{
    private readonly Place _place;

    private RawPair(Place place, Connection connection, Socket peer)
    {
        _place = place;
        Connection = connection;
        Peer = peer;
    }

    public Connection Connection { get; }

    public Socket Peer { get; }

    public static async Task<RawPair> ConnectAsync(ChannelKind kind, Action<ConnectionOptions>? configure = null)
    {
        var place = new Place(kind);
        var options = new ConnectionOptions();
        configure?.Invoke(options);
        using Socket listener = RawSocket.Listen(place.EndPoint);
        EndPoint remote = kind is ChannelKind.Tcp4 or ChannelKind.Tcp6 ? listener.LocalEndPoint! : place.EndPoint;
        Connection connection = await Connection.ConnectAsync(remote, options).Within();
        return new RawPair(place, connection, await listener.AcceptAsync().Within());
    }

    public async ValueTask DisposeAsync()
    {
        Peer.Dispose();
        Connection.Abort();
        await Connection.DisposeAsync().Within();
        _place.Dispose();
    }
}
