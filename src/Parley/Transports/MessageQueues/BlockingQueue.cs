using Parley.Interop.Linux;
using Parley.Transports.Descriptors;

namespace Parley.Transports.MessageQueues;

/// <summary>The same queue, opened once more so that its calls block in the kernel.</summary>
internal sealed unsafe class BlockingQueue(DescriptorHandle handle)
{
    private readonly BlockedThreads _threads = new();

    // Threads that are entered keep it open: a handle would count them a second time.
    private readonly int _queue = handle.Number;

    /// <summary>
    /// Enters the calling thread. What would keep it from blocking is to be looked at after that, and the thread to leave whatever comes.
    /// </summary>
    internal BlockedThread Enter() => _threads.Enter(InterruptSignal.CurrentThread);

    /// <summary>Sends; for a thread that is entered.</summary>
    /// <returns>0 or the error number; EINTR where it was interrupted.</returns>
    internal int Send(ReadOnlySpan<byte> message, int priority, TimeSpan? left)
    {
        nint* until = stackalloc nint[2];
        fixed (byte* bytes = message)
            return Libc.MqTimedSend(_queue, bytes, (nuint)message.Length, (uint)priority, Until(left, until)) == 0 ? 0 : Errno.Last;
    }

    /// <summary>Receives; for a thread that is entered.</summary>
    /// <returns>0 or the error number; EINTR where it was interrupted.</returns>
    internal int Receive(Span<byte> buffer, TimeSpan? left, out int length, out int priority)
    {
        nint* until = stackalloc nint[2];
        uint its;
        fixed (byte* bytes = buffer)
            length = (int)Libc.MqTimedReceive(_queue, bytes, (nuint)buffer.Length, &its, Until(left, until));
        priority = (int)its;
        return length >= 0 ? 0 : Errno.Last;
    }

    /// <summary>Makes each thread leave. What they are to find then must be there before.</summary>
    internal void Interrupt() => _threads.Interrupt();

    /// <summary>Closes it, once nobody blocks and nobody will.</summary>
    internal void Close() => handle.Dispose();

    // The kernel takes the time of day, which may be set meanwhile: whoever called looks at a clock that is not.
    private static nint* Until(TimeSpan? left, nint* until)
    {
        if (left is not { } time)
            return null;
        long due = (DateTime.UtcNow - DateTime.UnixEpoch).Ticks + Math.Clamp(time.Ticks, 0, TimeSpan.TicksPerDay * 365);
        until[0] = (nint)(due / TimeSpan.TicksPerSecond);
        until[1] = (nint)(due % TimeSpan.TicksPerSecond * TimeSpan.NanosecondsPerTick);
        return until;
    }
}
