using System.Buffers;

namespace Parley.Transports.SharedMemory;

/// <summary>The bytes of a ring as memory. They are mapped twice, so whatever begins in the ring is contiguous.</summary>
/// <param name="ring">The ring.</param>
/// <param name="owner">What keeps it mapped: whoever holds memory of it holds that too.</param>
internal sealed unsafe class RingView(RingMemory ring, object owner) : MemoryManager<byte>
{
    // The very last byte of the second mapping begins nothing: what begins in the ring ends before it.
    private readonly int _length = (int)(((long)ring.Capacity * 2) - 1);

    public override Span<byte> GetSpan() => new(ring.Data, _length);

    public override MemoryHandle Pin(int elementIndex = 0) => new(ring.Data + elementIndex, default, this);

    public override void Unpin() => GC.KeepAlive(owner);

    protected override void Dispose(bool disposing)
    {
    }
}
