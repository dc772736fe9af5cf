using Parley.Interop.Linux;
using Parley.Transports.Descriptors;

namespace Parley.Transports.SharedMemory;

/// <summary>The memory of one conversation, mapped.</summary>
internal sealed unsafe class Segment : IDisposable
{
    private const int Seals = Libc.F_SEAL_SHRINK | Libc.F_SEAL_GROW | Libc.F_SEAL_SEAL;

    private readonly MappedRegion _header;
    private readonly MappedRegion _first;
    private readonly MappedRegion _second;
    private readonly int _capacity;

    private Segment(DescriptorHandle memory, in SegmentShape shape)
    {
        Shape = shape;
        _capacity = (int)shape.Capacity;
        int alignment = SegmentShape.TakesHugePages(_capacity) ? SegmentShape.HugePage : Environment.SystemPageSize;
        try
        {
            _header = MappedRegion.Map(memory, 0, SharedLayout.SmallestCapacity);
            _first = MappedRegion.MapTwice(memory, shape.FirstRing, _capacity, alignment);
            _second = MappedRegion.MapTwice(memory, shape.SecondRing, _capacity, alignment);
        }
        catch
        {
            Dispose();
            throw;
        }

        if (!SegmentShape.TakesHugePages(_capacity))
            return;

        // Advice: where the system has no huge pages for this, small ones do.
        _ = Libc.MAdvise(_first.Start, (nuint)_capacity * 2, Libc.MADV_HUGEPAGE);
        _ = Libc.MAdvise(_second.Start, (nuint)_capacity * 2, Libc.MADV_HUGEPAGE);
    }

    internal SegmentShape Shape { get; }

    /// <summary>Makes a segment that nobody can make smaller.</summary>
    /// <param name="capacity">Bytes of each ring: a power of two.</param>
    /// <param name="memory">Its descriptor, for the peer; the caller closes it.</param>
    /// <exception cref="MappingException">There is no memory or no descriptor for it.</exception>
    internal static Segment Create(int capacity, out DescriptorHandle memory)
    {
        SegmentShape shape = SegmentShape.Of(capacity);
        fixed (byte* name = "parley"u8)
            memory = Libc.MemFdCreate(name, Libc.MFD_CLOEXEC | Libc.MFD_ALLOW_SEALING);
        if (memory.IsInvalid)
            throw new MappingException(Errno.Last);
        try
        {
            if (Libc.FTruncate(memory, shape.Size) < 0 || Libc.Set(memory, Libc.F_ADD_SEALS, Seals) < 0)
                throw new MappingException(Errno.Last);
            return new Segment(memory, shape);
        }
        catch
        {
            memory.Dispose();
            throw;
        }
    }

    /// <summary>Maps what a peer has sent, once it is known that it stays as it is.</summary>
    /// <param name="memory">The peer's descriptor; the caller closes it.</param>
    /// <param name="shape">What the peer says of it.</param>
    /// <exception cref="InvalidDataException">It is not what was agreed on; the message says in which way.</exception>
    /// <exception cref="MappingException">The system does not map it.</exception>
    internal static Segment Map(DescriptorHandle memory, in SegmentShape shape)
    {
        if (shape.Problem is { } problem)
            throw new InvalidDataException($"the peer announces {problem}");

        // Seals first: what has them keeps the size that is looked at next. Only a memfd knows of seals at all.
        int seals = Libc.Set(memory, Libc.F_GET_SEALS, 0);
        if (seals < 0 || (seals & Seals) != Seals)
            throw new InvalidDataException(seals < 0 ? "the peer has sent something that is no sealed memory" : $"the seals of the peer's memory are {seals}");

        // The pages of huge ones can be taken away in spite of the seals: a touch of what is gone ends the process.
        if (Libc.FStatFs(memory, out nint kind) is var unknown and not 0)
            throw new MappingException(unknown);
        if (kind != Libc.TMPFS_MAGIC)
            throw new InvalidDataException("the peer's memory is of huge pages of its own, which it could take away");
        if (FileStatus.OfDescriptor(memory, out StatxResult status) is var error and not 0)
            throw new MappingException(error);
        if ((long)status.Size != shape.Size)
            throw new InvalidDataException($"the peer's memory has {status.Size} bytes, not {shape.Size}");
        return new Segment(memory, shape);
    }

    /// <summary>Ring 0 goes from client to server, ring 1 from server to client.</summary>
    internal RingMemory Ring(int index)
        => new(_header.Address + SharedLayout.ControlBlocks + (index * SharedLayout.ControlBlockSize), (index == 0 ? _first : _second).Start, _capacity);

    /// <summary>Unmaps it. Nobody may be using it: a look at it afterwards ends the process.</summary>
    public void Dispose()
    {
        _header?.Dispose();
        _first?.Dispose();
        _second?.Dispose();
    }
}
