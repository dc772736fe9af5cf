using System.Net;
using System.Net.Sockets;

namespace Parley.Tests;

/// <summary>An endpoint of one test that nobody else uses: port 0, a path in a folder of its own, or a name never given before.</summary>
internal sealed class Place : IDisposable
{
    private readonly TestFolder? _folder;

    public Place(ChannelKind kind)
    {
        Skip.If(kind == ChannelKind.Tcp6 && !HasIPv6.Value, "the loopback has no IPv6 address");
        _folder = kind is ChannelKind.UnixPath or ChannelKind.FifoPair or ChannelKind.SharedMemory ? new TestFolder() : null;
        EndPoint = kind switch
        {
            ChannelKind.Tcp4 => new IPEndPoint(IPAddress.Loopback, 0),
            ChannelKind.Tcp6 => new IPEndPoint(IPAddress.IPv6Loopback, 0),
            ChannelKind.Tls => new TlsEndPoint(new IPEndPoint(IPAddress.Loopback, 0)),
            ChannelKind.UnixPath => new UnixDomainSocketEndPoint(_folder!["s"]),
            ChannelKind.UnixAbstract => new UnixDomainSocketEndPoint($"\0parley-test-{Guid.NewGuid():N}"),
            ChannelKind.FifoPair => new FifoEndPoint(_folder!["to-server"], _folder["to-client"]),
            ChannelKind.NamedPipe => new NamedPipeEndPoint($"parley-test-{Guid.NewGuid():N}"),
            ChannelKind.SharedMemory => new SharedMemoryEndPoint(_folder!["s"]),
            ChannelKind.Memory => new MemoryEndPoint(Guid.NewGuid().ToString("N")),
            _ => throw new ArgumentOutOfRangeException(nameof(kind), kind, "unknown"),
        };
        if (EndPoint is FifoEndPoint)
            NamedObject.Create(EndPoint);
    }

    public EndPoint EndPoint { get; }

    /// <summary>The endpoint as a client is given it: of a pair of FIFOs the other way round.</summary>
    public static EndPoint ForClient(EndPoint listened) => listened is FifoEndPoint { WritePath: { } write } pair ? new FifoEndPoint(write, pair.Path) : listened;

    private static Lazy<bool> HasIPv6 { get; } = new(() =>
    {
        try
        {
            using Socket socket = RawSocket.Listen(new IPEndPoint(IPAddress.IPv6Loopback, 0));
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    });

    public void Dispose() => _folder?.Dispose();
}
