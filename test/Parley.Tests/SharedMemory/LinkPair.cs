using Parley.Interop.Linux;
using Parley.Transports.Descriptors;
using Parley.Transports.SharedMemory;

namespace Parley.Tests.SharedMemory;

/// <summary>Both ends of one link in this process, each with a mapping of its own, without a handshake.</summary>
internal sealed class LinkPair : IDisposable
{
    public LinkPair(LinkKind kind, int capacity = SharedLayout.DefaultCapacity, bool membarrier = false, bool inline = false)
    {
        (Connection client, Connection server) = Connection.CreatePair(new ConnectionOptions { RunContinuationsInline = inline });
        Segment segment = Segment.Create(capacity, out DescriptorHandle memory);
        using (memory)
            Client = new SharedMemoryLink((DescriptorConnection)client, Segment.Map(memory, segment.Shape), isServer: false, kind, membarrier && Membarrier.IsAvailable);
        Server = new SharedMemoryLink((DescriptorConnection)server, segment, isServer: true, kind, membarrier && Membarrier.IsAvailable);
        Client.Start();
        Server.Start();
    }

    public SharedMemoryLink Client { get; }

    public SharedMemoryLink Server { get; }

    public void Dispose()
    {
        Client.Close();
        Server.Close();
    }
}
