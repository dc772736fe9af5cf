using System.Net.Sockets;
using Parley.Transports.SharedMemory;
using Parley.Transports.Sockets;

namespace Parley.Tests.SharedMemory;

/// <summary>A listener of links at a path of its own, and what is needed to meet it properly and otherwise.</summary>
internal sealed class Links : IAsyncDisposable
{
    private readonly TestFolder _folder = new();

    public Links(LinkKind kind = LinkKind.Bytes, Action<ListenerOptions>? configure = null)
    {
        var options = new ListenerOptions();
        configure?.Invoke(options);
        EndPoint = new SharedMemoryEndPoint(_folder["s"]);
        Listener = SharedMemoryTransport.BindLinks(EndPoint, kind, options.Snapshot(), SocketTransport.BindOwnUser);
    }

    public SharedMemoryEndPoint EndPoint { get; }

    public LinkListener Listener { get; }

    public Task<SharedMemoryLink> ConnectAsync(LinkKind kind = LinkKind.Bytes, int? ringSize = null, CancellationToken cancellationToken = default)
        => ConnectAsync(EndPoint, kind, new ConnectionOptions { RingSize = ringSize }, cancellationToken).Within();

    public static ValueTask<SharedMemoryLink> ConnectAsync(
        SharedMemoryEndPoint endPoint, LinkKind kind, ConnectionOptions options, CancellationToken cancellationToken = default)
        => SharedMemoryTransport.LinkAsync(endPoint, kind, options.Snapshot(), SocketTransport.ConnectOwnUserAsync, cancellationToken);

    public async Task<SharedMemoryLink> AcceptAsync() => Assert.IsType<SharedMemoryLink>(await Listener.AcceptAsync(CancellationToken.None).Within());

    public Task<Socket> ConnectRawAsync() => RawSocket.ConnectAsync(new UnixDomainSocketEndPoint(EndPoint.Name));

    public async ValueTask DisposeAsync()
    {
        await Listener.DisposeAsync().Within();
        _folder.Dispose();
    }
}
