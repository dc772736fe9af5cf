using System.Runtime.CompilerServices;
using Parley.Interop.Linux;
using Parley.Transports.Descriptors;

namespace Parley.Transports.MessageQueues;

/// <summary>The same queue, opened once more so that its calls block in the kernel.</summary>
/// <param name="handle">What blocks; closed with this.</param>
/// <param name="looking">What doesn't; closed after this.</param>
internal sealed unsafe class BlockingQueue(DescriptorHandle handle, int looking)
{
    private readonly BlockedThreads _threads = new(isOftenInterrupted: false);

    // Threads that are entered keep both open: a handle would count them a second time.
    private readonly int _queue = handle.Number;

    /// <summary>
    /// Enters the calling thread. What would keep it from blocking is to be looked at after that, and the thread to leave whatever comes.
    /// Everything below that returns an error number (0 where there was none, EINTR where it was interrupted) is for a thread that is entered.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal BlockedThread Enter() => _threads.Enter(InterruptSignal.CurrentThread);

    /// <summary>Sends as soon as there is room; EAGAIN where there is none and it only looks.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal int Send(ReadOnlySpan<byte> message, int priority, bool looks) => Send(looks ? looking : _queue, message, priority, until: null);

    /// <summary>Sends as soon as there is room, ETIMEDOUT where there is none in time.</summary>
    internal int Send(ReadOnlySpan<byte> message, int priority, TimeSpan left)
    {
        nint* until = stackalloc nint[2];
        SetUntil(until, left);
        return Send(_queue, message, priority, until);
    }

    /// <summary>Receives as soon as something is there; EAGAIN where nothing is and it only looks.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal int Receive(Span<byte> buffer, bool looks, out int length, out int priority)
        => Receive(looks ? looking : _queue, buffer, until: null, out length, out priority);

    /// <summary>Receives as soon as something is there, ETIMEDOUT where nothing is in time.</summary>
    internal int Receive(Span<byte> buffer, TimeSpan left, out int length, out int priority)
    {
        nint* until = stackalloc nint[2];
        SetUntil(until, left);
        return Receive(_queue, buffer, until, out length, out priority);
    }

    /// <summary>What the threads that were entered have moved, and what was counted elsewhere.</summary>
    internal MessageStatistics Plus(in MessageStatistics others) => _threads.Plus(others);

    /// <summary>Makes each thread leave. What they are to find then must be there before.</summary>
    internal void Interrupt() => _threads.Interrupt();

    /// <summary>Closes it, once nobody blocks and nobody will.</summary>
    internal void Close() => handle.Dispose();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static int Send(int queue, ReadOnlySpan<byte> message, int priority, nint* until)
    {
        fixed (byte* bytes = message)
            return Libc.MqTimedSend(queue, bytes, message.Length, priority, until) == 0 ? 0 : Errno.Current;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static int Receive(int queue, Span<byte> buffer, nint* until, out int length, out int priority)
    {
        uint its;
        fixed (byte* bytes = buffer)
            length = (int)Libc.MqTimedReceive(queue, bytes, buffer.Length, &its, until);
        int error = length >= 0 ? 0 : Errno.Current;
        priority = (int)its;
        return error;
    }

    // The kernel takes the time of day, which may be set meanwhile: whoever called looks at a clock that is not.
    private static void SetUntil(nint* until, TimeSpan left)
    {
        long due = (DateTime.UtcNow - DateTime.UnixEpoch).Ticks + Math.Clamp(left.Ticks, 0, TimeSpan.TicksPerDay * 365);
        until[0] = (nint)(due / TimeSpan.TicksPerSecond);
        until[1] = (nint)(due % TimeSpan.TicksPerSecond * TimeSpan.NanosecondsPerTick);
    }
}
