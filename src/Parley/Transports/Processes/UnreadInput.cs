using Parley.Interop.Linux;
using Parley.Transports.Descriptors;

namespace Parley.Transports.Processes;

/// <summary>
/// What a child leaves unread of its input. A pipe forgets that when nobody has it open any more, and a child sees the end only once the end
/// that is written is closed: so from then on the other end is held here, and never read.
/// </summary>
internal sealed unsafe class UnreadInput : IDisposable
{
    private readonly DescriptorHandle _readEnd;

    private UnreadInput(DescriptorHandle readEnd) => _readEnd = readEnd;

    /// <returns><see langword="null"/> where it cannot be held: out of descriptors, or without /proc.</returns>
    internal static UnreadInput? TryHold(DescriptorHandle writeEnd)
    {
        DescriptorHandle readEnd = OtherEnd(writeEnd, Libc.O_RDONLY);
        return readEnd.IsInvalid ? null : new UnreadInput(readEnd);
    }

    /// <summary>Lets go of it.</summary>
    /// <returns>How many bytes are lost: 0 where somebody is left who may read them, as a process that the child has started.</returns>
    internal long Release()
    {
        // Whoever reads waits for this writer at most, and then sees the end as before.
        using DescriptorHandle writeEnd = OtherEnd(_readEnd, Libc.O_WRONLY);
        _readEnd.Dispose();
        return writeEnd.IsInvalid || Pipe.HasReader(writeEnd) ? 0 : PipeState.Waiting(writeEnd);
    }

    public void Dispose() => _readEnd.Dispose();

    private static DescriptorHandle OtherEnd(DescriptorHandle end, int access)
    {
        bool isHeld = false;
        try
        {
            // Held, so that its number cannot become somebody else's before it is looked up.
            end.DangerousAddRef(ref isHeld);
            fixed (byte* self = FileStatus.PathBytes($"/proc/self/fd/{end.Number}"))
                return Libc.Open(self, access | Libc.O_NONBLOCK | Libc.O_CLOEXEC, 0);
        }
        finally
        {
            if (isHeld)
                end.DangerousRelease();
        }
    }
}
