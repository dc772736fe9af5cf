namespace Parley.Transports.SharedMemory;

/// <summary>
/// A reader or writer of a ring. It has a plain flag that says whether a call of its own is inside, or somebody holds a span it gave away, and
/// <see cref="SharedMemoryLink.Close"/> unmaps the segment only where neither does.
/// </summary>
/// <remarks>
/// Entering: set the flag, then look at <see cref="SharedMemoryLink.IsClosed"/>, and leave again if it is. Leaving: clear the flag, then look
/// again, and call <see cref="SharedMemoryLink.ReleaseIfUnused"/> if it is closed. Both are a volatile write and a volatile read, without a fence:
/// who closes makes the fence for both sides (<see cref="Interlocked.MemoryBarrierProcessWide"/>). A thread that waits, in a futex too, is inside.
/// </remarks>
internal interface ISegmentUser
{
    bool UsesSegment { get; }
}
