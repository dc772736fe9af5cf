using Parley.Interop.Linux;
using Parley.Transports.Descriptors;
using Parley.Transports.SharedMemory;

namespace Parley.Tests;

/// <summary>Both ends of a shared-memory link over a real socket, without the handshake: for what the handshake would not agree on.</summary>
internal sealed class LinkPair : IAsyncDisposable
{
    private readonly Pair _sockets;

    private LinkPair(Pair sockets, SharedMemoryLink client, SharedMemoryLink server)
    {
        _sockets = sockets;
        Client = client;
        Server = server;
    }

    public SharedMemoryLink Client { get; }

    public SharedMemoryLink Server { get; }

    public static async Task<LinkPair> ConnectAsync(
        LinkKind kind, int capacity = SharedLayout.SmallestCapacity, bool usesMembarrier = false, bool inline = false, Action<ConnectionOptions>? configure = null)
    {
        Pair sockets = await Pair.ConnectAsync(ChannelKind.UnixPath, inline, configure);
        Segment own = Segment.Create(capacity, out DescriptorHandle memory);
        using (memory)
        {
            Segment other = Segment.Map(memory, SegmentShape.Of(capacity));
            var server = new SharedMemoryLink((DescriptorConnection)sockets.Server, own, isServer: true, kind, usesMembarrier);
            var client = new SharedMemoryLink((DescriptorConnection)sockets.Client, other, isServer: false, kind, usesMembarrier);
            server.Start();
            client.Start();
            return new LinkPair(sockets, client, server);
        }
    }

    public async ValueTask DisposeAsync()
    {
        Client.Close();
        Server.Close();
        await _sockets.DisposeAsync();
    }
}
