using System.Diagnostics;
using Parley.Interop.Linux;
using Parley.Transports.Descriptors;
using Parley.Transports.SharedMemory;

namespace Parley.Tests.SharedMemory;

/// <summary>Both ends of one link in this process, each with a mapping of its own, without a handshake.</summary>
internal sealed class LinkPair : IDisposable
{
    public LinkPair(LinkKind kind, int capacity = SharedLayout.DefaultCapacity, bool membarrier = false, bool inline = false, TimeSpan? thirdLookAfter = null)
    {
        (Connection client, Connection server) = Connection.CreatePair(new ConnectionOptions { RunContinuationsInline = inline });
        Segment segment = Segment.Create(capacity, out DescriptorHandle memory);
        using (memory)
            Client = Link(client, Segment.Map(memory, segment.Shape), isServer: false);
        Server = Link(server, segment, isServer: true);
        Client.Start();
        Server.Start();

        SharedMemoryLink Link(Connection socket, Segment segment, bool isServer)
            => new((DescriptorConnection)socket, segment, isServer, kind, membarrier && Membarrier.IsAvailable)
            {
                ThirdLookAfter = (long)((thirdLookAfter ?? TimeSpan.FromMilliseconds(1)).TotalSeconds * Stopwatch.Frequency),
            };
    }

    public SharedMemoryLink Client { get; }

    public SharedMemoryLink Server { get; }

    public void Dispose()
    {
        Client.Close();
        Server.Close();
    }
}
