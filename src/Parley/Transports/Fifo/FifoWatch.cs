using Parley.Interop.Linux;
using Parley.Transports.Descriptors;

namespace Parley.Transports.Fifo;

/// <summary>
/// Hears when others open a FIFO, close it after reading, or remove it (inotify). It hears of an open only once that has returned: of a
/// reader that is blocked until a writer comes, nothing.
/// </summary>
internal sealed unsafe class FifoWatch : IDisposable
{
    private const int EventSize = 16;
    private const int EventsAtOnce = 64;

    private readonly Descriptor _events;

    private FifoWatch(Descriptor events) => _events = events;

    /// <summary>Watches from now on: what happened before is not heard.</summary>
    /// <returns>The watch, or <see langword="null"/> and the error number: EACCES without permission to read the FIFO, EMFILE at the user's limit.</returns>
    internal static FifoWatch? TryOpen(DescriptorHandle file, bool inline, out int error)
    {
        DescriptorHandle inotify = Libc.InotifyInit(Libc.IN_NONBLOCK | Libc.IN_CLOEXEC);
        error = inotify.IsInvalid ? Errno.Last : 0;
        if (error == 0)
        {
            fixed (byte* self = FifoFile.SelfPath(file))
                error = Libc.InotifyAddWatch(inotify, self, Libc.IN_OPEN | Libc.IN_CLOSE_NOWRITE | Libc.IN_ATTRIB) < 0 ? Errno.Last : 0;
        }

        if (error == 0)
            return new FifoWatch(new Descriptor(inotify, EventLoop.Shared, inline));
        inotify.Dispose();
        return null;
    }

    /// <summary>Takes what was heard since the last time. Look at the FIFO after this, and then wait: nothing is missed between.</summary>
    internal uint Take()
    {
        byte* events = stackalloc byte[EventSize * EventsAtOnce];
        _events.Readable.Forget();
        uint heard = 0;
        while (true)
        {
            nint count;
            try
            {
                count = Libc.Read(_events.Handle, events, EventSize * EventsAtOnce);
            }
            catch (ObjectDisposedException)
            {
                // Whoever waits next is told that it is closed.
                return heard;
            }

            if (count <= 0)
                return heard;

            // struct inotify_event: watch, mask, cookie, length of a name; what is watched is no folder, so no name follows.
            for (nint at = 0; at < count; at += EventSize)
                heard |= *(uint*)(events + at + sizeof(int));
        }
    }

    internal ValueTask<WaitResult> WaitAsync(long due, CancellationToken cancellationToken) => _events.WaitReadableAsync(due, cancellationToken);

    public void Dispose() => _events.Close();
}
