using System.Runtime.InteropServices;
using Parley.Interop.Linux;

namespace Parley.Transports.Descriptors;

/// <summary>A range of addresses; unmapped when it is disposed, at the latest when nobody can hold a pointer into it any more.</summary>
internal sealed unsafe class MappedRegion : SafeHandle
{
    private readonly nuint _length;

    private MappedRegion(nint address, nuint length)
        : base(-1, ownsHandle: true)
    {
        _length = length;
        SetHandle(address);
    }

    public override bool IsInvalid => handle == -1;

    internal byte* Address => (byte*)handle;

    /// <summary>Maps a part of a file.</summary>
    /// <exception cref="MappingException">The system refused.</exception>
    internal static MappedRegion Map(DescriptorHandle file, long offset, int length)
        => Own(Libc.MMap(null, (nuint)length, Libc.PROT_READ | Libc.PROT_WRITE, Libc.MAP_SHARED, file, offset), (nuint)length);

    /// <summary>Maps a part of a file twice, back to back: what runs over its end goes on at its beginning.</summary>
    /// <param name="file">The file.</param>
    /// <param name="offset">Where the part begins.</param>
    /// <param name="length">The part's length: a multiple of the page size.</param>
    /// <param name="alignment">What the address is a multiple of, from <paramref name="offset"/> on; a power of two, at least a page.</param>
    /// <exception cref="MappingException">The system refused.</exception>
    internal static MappedRegion MapTwice(DescriptorHandle file, long offset, int length, int alignment)
    {
        // Reserved first: between two mappings somebody else's could come to lie.
        // Where a page will do there is nothing to cut off, and the process, which has a limit on mappings, needs fewer of them.
        nuint reserved = ((nuint)length * 2) + (alignment > Environment.SystemPageSize ? (nuint)alignment : 0);
        MappedRegion region = Own(
            Libc.MMap(null, reserved, Libc.PROT_NONE, Libc.MAP_PRIVATE | Libc.MAP_ANONYMOUS | Libc.MAP_NORESERVE, -1, 0), reserved);
        try
        {
            byte* start = (byte*)(((nuint)region.Address + (nuint)alignment - 1) & ~((nuint)alignment - 1));
            MapAt(start, file, offset, length);
            MapAt(start + length, file, offset, length);
            region.Start = start;
            return region;
        }
        catch
        {
            region.Dispose();
            throw;
        }
    }

    /// <summary>Where the mapping begins; before it there may be addresses that are only reserved.</summary>
    internal byte* Start { get; private set; }

    protected override bool ReleaseHandle() => Libc.MUnmap(Address, _length) == 0;

    private static void MapAt(byte* address, DescriptorHandle file, long offset, int length)
    {
        if (Libc.MMap(address, (nuint)length, Libc.PROT_READ | Libc.PROT_WRITE, Libc.MAP_SHARED | Libc.MAP_FIXED, file, offset) == -1)
            throw new MappingException(Errno.Last);
    }

    private static MappedRegion Own(nint address, nuint length)
        => address == -1 ? throw new MappingException(Errno.Last) : new MappedRegion(address, length) { Start = (byte*)address };
}
