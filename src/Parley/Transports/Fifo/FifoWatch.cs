using Parley.Interop.Linux;
using Parley.Transports.Descriptors;

namespace Parley.Transports.Fifo;

/// <summary>
/// Hears when others open a FIFO, close it, or remove or rename it (inotify). It hears of an open only once that has returned: of a
/// reader that is blocked until a writer comes, nothing.
/// </summary>
internal sealed unsafe class FifoWatch : IDisposable
{
    private const int EventSize = 16;
    private const int EventsAtOnce = 64;
    private const uint Interest = Libc.IN_OPEN | Libc.IN_CLOSE_NOWRITE | Libc.IN_CLOSE_WRITE | Libc.IN_ATTRIB | Libc.IN_MOVE_SELF;

    private readonly Descriptor _events;
    private int _watch;

    private FifoWatch(Descriptor events, int watch)
    {
        _events = events;
        _watch = watch;
    }

    /// <summary>Watches from now on: what happened before is not heard.</summary>
    /// <returns>The watch, or <see langword="null"/> and the error number: EACCES without permission to read the FIFO, EMFILE at the user's limit.</returns>
    internal static FifoWatch? TryOpen(DescriptorHandle file, bool inline, out int error)
    {
        DescriptorHandle inotify = Libc.InotifyInit(Libc.IN_NONBLOCK | Libc.IN_CLOEXEC);
        int watch = -1;
        error = inotify.IsInvalid ? Errno.Last : 0;
        if (error == 0)
            error = Add(inotify, file, out watch);
        if (error == 0)
            return new FifoWatch(new Descriptor(inotify, EventLoop.Shared, inline), watch);
        inotify.Dispose();
        return null;
    }

    /// <summary>Watches this file from now on, and no other.</summary>
    /// <returns>0 or the error number.</returns>
    internal int MoveTo(DescriptorHandle file)
    {
        int error = Add(_events.Handle, file, out int watch);
        if (error != 0 || watch == _watch)
            return error;

        // Of a file that is gone the kernel has removed it already.
        _ = Libc.InotifyRmWatch(_events.Handle, _watch);
        _watch = watch;
        return 0;
    }

    /// <summary>Takes what was heard since the last time. Look at the FIFO after this, and then wait: nothing is missed between.</summary>
    /// <returns>What it was.</returns>
    internal FifoSigns Take()
    {
        FifoSigns heard = default;
        Take(ref heard);
        return heard;
    }

    /// <summary>The same, added to what was heard before.</summary>
    internal void Take(ref FifoSigns heard)
    {
        byte* events = stackalloc byte[EventSize * EventsAtOnce];
        _events.Readable.Forget();
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
                return;
            }

            if (count <= 0)
                return;

            // struct inotify_event: watch, mask, cookie, length of a name; what is watched is no folder, so no name follows.
            for (nint at = 0; at < count; at += EventSize)
            {
                int watch = *(int*)(events + at);
                if (watch == _watch || watch < 0)
                    heard.Add(*(uint*)(events + at + sizeof(int)));
            }
        }
    }

    internal ValueTask<WaitResult> WaitAsync(long due, CancellationToken cancellationToken) => _events.WaitReadableAsync(due, cancellationToken);

    public void Dispose() => _events.Close();

    private static int Add(DescriptorHandle inotify, DescriptorHandle file, out int watch)
    {
        fixed (byte* self = FifoFile.SelfPath(file))
            watch = Libc.InotifyAddWatch(inotify, self, Interest);
        return watch < 0 ? Errno.Last : 0;
    }
}
