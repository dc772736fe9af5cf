using System.ComponentModel;
using System.Diagnostics;
using Parley.Interop.Linux;

namespace Parley.Transports.Descriptors;

/// <summary>
/// The one timer of the loop, set for the earliest thing to come. A timeout of the wait itself would set and clear the processor's timer
/// with each wait, which costs more than the rest of the wait.
/// </summary>
internal sealed unsafe class LoopTimer
{
    private long _due = Deadline.Never;

    internal DescriptorHandle Handle { get; } = Create();

    /// <summary>Sees to it that the timer expires at <paramref name="due"/> or before. Under the loop's lock.</summary>
    internal void ExpireBy(long due)
    {
        if (due >= _due)
            return;
        _due = due;
        long left = Math.Max(1, due - Stopwatch.GetTimestamp());
        nint* value = stackalloc nint[4];
        value[0] = value[1] = 0;
        value[2] = (nint)(left / Stopwatch.Frequency);
        value[3] = (nint)Math.Max(1, (left % Stopwatch.Frequency) * (1_000_000_000.0 / Stopwatch.Frequency));
        if (Libc.TimerFdSetTime(Handle, 0, value, null) < 0)
            throw new Win32Exception(Errno.Last);
    }

    /// <summary>It has expired and is set for nothing. Under the loop's lock.</summary>
    internal void NoteExpired() => _due = Deadline.Never;

    private static DescriptorHandle Create()
    {
        DescriptorHandle handle = Libc.TimerFdCreate(Libc.CLOCK_MONOTONIC, Libc.TFD_CLOEXEC | Libc.TFD_NONBLOCK);
        return handle.IsInvalid ? throw new Win32Exception(Errno.Last) : handle;
    }
}
