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
    internal int Send(ReadOnlySpan<byte> message, int priority, bool looks) => Send(looks ? looking : _queue, message, priority);

    /// <summary>Sends if there is room; otherwise waits until there may be, and says EINTR, or ETIMEDOUT where there is none in time.</summary>
    internal int Send(ReadOnlySpan<byte> message, int priority, TimeSpan left)
        => Send(message, priority, looks: true) is var error and not Errno.EAGAIN ? error : Wait(Libc.POLLOUT, left);

    /// <summary>Receives as soon as something is there; EAGAIN where nothing is and it only looks.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal int Receive(Span<byte> buffer, bool looks, out int length, out int priority)
        => Receive(looks ? looking : _queue, buffer, out length, out priority);

    /// <summary>Receives if something is there; otherwise waits until something may be, and says EINTR, or ETIMEDOUT where nothing is in time.</summary>
    internal int Receive(Span<byte> buffer, TimeSpan left, out int length, out int priority)
        => Receive(buffer, looks: true, out length, out priority) is var error and not Errno.EAGAIN ? error : Wait(Libc.POLLIN, left);

    /// <summary>What the threads that were entered have moved, and what was counted elsewhere.</summary>
    internal MessageStatistics Plus(in MessageStatistics others) => _threads.Plus(others);

    /// <summary>Makes each thread leave. What they are to find then must be there before.</summary>
    internal void Interrupt() => _threads.Interrupt();

    /// <summary>Closes it, once nobody blocks and nobody will.</summary>
    internal void Close() => handle.Dispose();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static int Send(int queue, ReadOnlySpan<byte> message, int priority)
    {
        fixed (byte* bytes = message)
            return Libc.MqTimedSend(queue, bytes, message.Length, priority, null) == 0 ? 0 : Errno.Current;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static int Receive(int queue, Span<byte> buffer, out int length, out int priority)
    {
        uint its;
        fixed (byte* bytes = buffer)
            length = (int)Libc.MqTimedReceive(queue, bytes, buffer.Length, &its, null);
        int error = length >= 0 ? 0 : Errno.Current;
        priority = (int)its;
        return error;
    }

    // Not by the calls that move messages: they take the time of day, and wait an hour longer where it is set back by one.
    private int Wait(short events, TimeSpan left)
    {
        var descriptor = new PollDescriptor { Descriptor = _queue, Events = events };
        int count = Libc.Poll(&descriptor, 1, (int)Math.Clamp(Math.Ceiling(left.TotalMilliseconds), 0, int.MaxValue));
        return count == 0 ? Errno.ETIMEDOUT : count > 0 ? Errno.EINTR : Errno.Last;
    }
}
