using Parley.Transports.SharedMemory;

namespace Parley.Tests.SharedMemory;

/// <summary>Both ends of a connection over byte rings, with the links in the test's hands: for small rings, and for peers that misbehave.</summary>
internal sealed class BytePair : IAsyncDisposable
{
    private readonly LinkPair _links;

    private BytePair(LinkPair links, ConnectionOptions options)
    {
        _links = links;
        Client = new SharedMemoryConnection(links.Client, options);
        Server = new SharedMemoryConnection(links.Server, options);
    }

    public Connection Client { get; }

    public Connection Server { get; }

    public SharedMemoryLink ClientLink => _links.Client;

    public static BytePair Connect(int capacity = SharedLayout.SmallestCapacity, bool inline = false, Action<ConnectionOptions>? configure = null)
    {
        var options = new ConnectionOptions { RunContinuationsInline = inline };
        configure?.Invoke(options);
        return new BytePair(new LinkPair(LinkKind.Bytes, capacity, inline: inline), options);
    }

    public async ValueTask DisposeAsync()
    {
        Client.Abort();
        Server.Abort();
        await Client.DisposeAsync().Within();
        await Server.DisposeAsync().Within();
        _links.Dispose();
    }
}
