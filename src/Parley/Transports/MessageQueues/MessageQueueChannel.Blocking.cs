using System.Buffers;
using System.Diagnostics;
using System.Runtime.CompilerServices;
using Parley.Interop.Linux;
using Parley.Transports.Descriptors;

namespace Parley.Transports.MessageQueues;

/// <content>
/// Calls of a thread that may be blocked: look for a while where that has paid, then one system call that sleeps in the kernel, as a C
/// program's does.
/// </content>
/// <remarks>
/// What goes by at once is one method with one system call in it, and nothing else that the kernel is asked for: behind a call into the kernel processors
/// foresee returns wrongly, those that the kernel's own returns are made safe on, and each level that is returned through takes 10 ns instead of 1 (measured
/// on AMD's Zen 3, "Safe RET"); and a second call in the same method makes the compiler keep what both need in memory, not in registers.
/// </remarks>
internal sealed partial class MessageQueueChannel
{
    // To look takes half a microsecond, and to look at the clock a tenth of that.
    private const int LooksPerClock = 4;

    private readonly Lock _opening = new();
    private readonly long _spinTicks;
    private BlockingQueue? _blocking;
    private BlockingQueue? _unobserved;
    private bool _cannotBlock;

    // Shared by all threads without a lock: what they disturb is only how often it is looked.
    private BriefPoll _roomLook;
    private BriefPoll _messageLook;

    [SkipLocalsInit]
    public override void Send(ReadOnlySpan<byte> message, MessageHeader header, TimeSpan timeout)
    {
        CheckSend(message.Length, header.Priority);
        BlockingQueue? queue = _unobserved;
        int error = Errno.EINTR;
        if (queue is not null && timeout == Timeout.InfiniteTimeSpan)
        {
            bool looks = _spinTicks != 0 && _roomLook.IsDue();
            BlockedThread place = queue.Enter();
            if (Volatile.Read(ref _disposed) == 0)
                error = queue.Send(message, header.Priority, looks);
            if (error == Errno.EAGAIN)
                error = LookForRoom(queue, message, header.Priority, Deadline.Never);
            if (error == 0)
                place.Tally.Sent(message.Length);
            place.Leave();
        }

        if (error != 0)
            GoOnSending(error, message, header, timeout);
    }

    [SkipLocalsInit]
    public override ReceivedMessage Receive(Span<byte> buffer, TimeSpan timeout)
    {
        BlockingQueue? queue = _unobserved;
        if (queue is null || timeout != Timeout.InfiniteTimeSpan || buffer.Length < MaxMessageSize || _access == Libc.O_WRONLY)
            return GoOnReceiving(Errno.EINTR, buffer, timeout);
        bool looks = _spinTicks != 0 && _messageLook.IsDue();
        int length = 0;
        int priority = 0;
        int error = Errno.EINTR;
        BlockedThread place = queue.Enter();
        if (Volatile.Read(ref _disposed) == 0 && !_held.IsThere)
            error = queue.Receive(buffer, looks, out length, out priority);
        if (error == Errno.EAGAIN)
        {
            error = LookForMessage(queue, buffer, Deadline.Never, out int foundLength, out int foundPriority);
            (length, priority) = (foundLength, foundPriority);
        }

        if (error == 0)
            place.Tally.Received(length);
        place.Leave();
        return error == 0 ? Message(length, priority) : GoOnReceiving(error, buffer, timeout);
    }

    /// <summary>
    /// Sends what has not gone at once, or may not without a look at a clock. <paramref name="error"/> is what the first call said; EINTR where there was
    /// none, EAGAIN where it has looked in vain.
    /// </summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private void GoOnSending(int error, ReadOnlySpan<byte> message, MessageHeader header, TimeSpan timeout)
    {
        long started = Now();
        if (error is not Errno.EINTR and not Errno.EAGAIN)
            ReportSent(error, message.Length, header.Priority, started);
        long due = Clock.FromNow(timeout);
        if (Blocking() is { } queue)
            BlockAndSend(queue, error == Errno.EAGAIN, message, header.Priority, started, due);
        else
            base.Send(message, header, timeout);
    }

    /// <summary>As <see cref="GoOnSending"/>.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private ReceivedMessage GoOnReceiving(int error, Span<byte> buffer, TimeSpan timeout)
    {
        CheckReceive();
        long started = Now();
        if (error is not Errno.EINTR and not Errno.EAGAIN)
            ReportReceived(error, 0, 0, started);
        long due = Clock.FromNow(timeout);
        if (Blocking() is not { } queue)
            return base.Receive(buffer, timeout);
        if (buffer.Length < MaxMessageSize)
            return ReceiveElsewhere(queue, buffer, started, due);
        BlockAndReceive(queue, error == Errno.EAGAIN, buffer, buffer, started, due, out int length, out int priority);
        return Message(length, priority);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private ReceivedMessage ReceiveElsewhere(BlockingQueue queue, Span<byte> buffer, long started, long due)
    {
        byte[] whole = ArrayPool<byte>.Shared.Rent(MaxMessageSize);
        try
        {
            bool isWhole = BlockAndReceive(queue, hasLooked: false, whole, buffer, started, due, out int length, out int priority);
            ReceivedMessage received = Message(length, priority);
            if (isWhole)
                HandOver(whole, buffer, received);
            return received;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(whole);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void BlockAndSend(BlockingQueue queue, bool hasLooked, ReadOnlySpan<byte> message, int priority, long started, long due)
    {
        while (true)
        {
            BlockedThread place = queue.Enter();
            bool isDisposed = Volatile.Read(ref _disposed) != 0;
            int error = isDisposed ? Errno.EINTR : LookAndSend(queue, hasLooked, message, priority, due);
            if (error == 0)
                place.Tally.Sent(message.Length);
            place.Leave();
            if (isDisposed)
                throw Disposed(Step.Send);
            hasLooked = false;
            if (error == Errno.EINTR || (error == Errno.ETIMEDOUT && !Clock.IsOver(due)))
                continue;
            if (_observer is not null || error != 0)
                ReportSent(error, message.Length, priority, started);
            return;
        }
    }

    /// <returns>
    /// Whether it is in <paramref name="whole"/>, and to be counted where that is not <paramref name="buffer"/>; otherwise one that was held is in
    /// <paramref name="buffer"/>, and counted.
    /// </returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private bool BlockAndReceive(
        BlockingQueue queue, bool hasLooked, Span<byte> whole, Span<byte> buffer, long started, long due, out int length, out int priority)
    {
        while (true)
        {
            if (_held.IsThere && TryTakeHeld(buffer, out length, out priority))
                return false;
            length = priority = 0;
            BlockedThread place = queue.Enter();
            bool isDisposed = Volatile.Read(ref _disposed) != 0;
            int error = isDisposed || _held.IsThere ? Errno.EINTR : LookAndReceive(queue, hasLooked, whole, due, out length, out priority);
            if (error == 0 && whole == buffer)
                place.Tally.Received(length);
            place.Leave();
            if (isDisposed)
                throw Disposed(Step.Receive);
            hasLooked = false;
            if (error == Errno.EINTR || (error == Errno.ETIMEDOUT && !Clock.IsOver(due)))
                continue;
            if (_observer is not null || error != 0)
                ReportReceived(error, length, priority, started);
            return true;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private int LookAndSend(BlockingQueue queue, bool hasLooked, ReadOnlySpan<byte> message, int priority, long due)
    {
        if (!hasLooked && _spinTicks != 0 && _roomLook.IsDue())
        {
            // What is there already says nothing about how long it takes to come.
            int error = queue.Send(message, priority, looks: true);
            if (error == Errno.EAGAIN)
                error = LookForRoom(queue, message, priority, due);
            if (error != Errno.EAGAIN)
                return error;
        }

        return due == Deadline.Never ? queue.Send(message, priority, looks: false) : queue.Send(message, priority, Left(due));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private int LookAndReceive(BlockingQueue queue, bool hasLooked, Span<byte> buffer, long due, out int length, out int priority)
    {
        if (!hasLooked && _spinTicks != 0 && _messageLook.IsDue())
        {
            int error = queue.Receive(buffer, looks: true, out length, out priority);
            if (error == Errno.EAGAIN)
                error = LookForMessage(queue, buffer, due, out length, out priority);
            if (error != Errno.EAGAIN)
                return error;
        }

        return due == Deadline.Never
            ? queue.Receive(buffer, looks: false, out length, out priority)
            : queue.Receive(buffer, Left(due), out length, out priority);
    }

    /// <returns>As the call, EAGAIN where there was no room all the time.</returns>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private int LookForRoom(BlockingQueue queue, ReadOnlySpan<byte> message, int priority, long due)
    {
        long end = Math.Min(due, Stopwatch.GetTimestamp() + _roomLook.Within(_spinTicks));
        int looks = 0;
        do
        {
            // Whoever closes waits for this thread.
            if (Volatile.Read(ref _disposed) != 0)
                return Errno.EINTR;
            int error = queue.Send(message, priority, looks: true);
            if (error == Errno.EAGAIN)
                continue;
            _roomLook.Found();
            return error;
        }
        while (++looks % LooksPerClock != 0 || Stopwatch.GetTimestamp() < end);
        _roomLook.FoundNothing();
        return Errno.EAGAIN;
    }

    /// <returns>As the call, EAGAIN where nothing came all the time.</returns>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private int LookForMessage(BlockingQueue queue, Span<byte> buffer, long due, out int length, out int priority)
    {
        long end = Math.Min(due, Stopwatch.GetTimestamp() + _messageLook.Within(_spinTicks));
        length = priority = 0;
        int looks = 0;
        do
        {
            // Whoever closes, or holds a message for others, waits for this thread.
            if (Volatile.Read(ref _disposed) != 0 || _held.IsThere)
                return Errno.EINTR;
            int error = queue.Receive(buffer, looks: true, out length, out priority);
            if (error == Errno.EAGAIN)
                continue;
            _messageLook.Found();
            return error;
        }
        while (++looks % LooksPerClock != 0 || Stopwatch.GetTimestamp() < end);
        _messageLook.FoundNothing();
        return Errno.EAGAIN;
    }

    private static TimeSpan Left(long due) => Stopwatch.GetElapsedTime(Stopwatch.GetTimestamp(), due);

    /// <summary>Opened by the first call that blocks; <see langword="null"/> where the event loop has to do for it.</summary>
    private BlockingQueue? Blocking() => _blocking ?? (_cannotBlock ? null : OpenBlocking());

    private BlockingQueue? OpenBlocking()
    {
        lock (_opening)
        {
            if (_blocking is not null || _cannotBlock)
                return _blocking;
            if (Volatile.Read(ref _disposed) != 0)
                return null;
            DescriptorHandle queue = QueueFile.Reopen(Queue, _access);

            // Without /proc, or a permission that it had a while ago: the event loop wakes it up, only not as fast.
            _cannotBlock = queue.IsInvalid || !InterruptSignal.IsThere;
            if (_cannotBlock)
                queue.Dispose();
            else
                Volatile.Write(ref _blocking, new BlockingQueue(queue, Queue.Number));
            if (_observer is null)
                Volatile.Write(ref _unobserved, _blocking);
            return _blocking;
        }
    }

    private void InterruptBlocking() => Volatile.Read(ref _blocking)?.Interrupt();

    // Once disposed, whoever enters finds that, and the one who opens too.
    private void CloseBlocking()
    {
        BlockingQueue? queue;
        lock (_opening)
            queue = _blocking;
        queue?.Interrupt();
        queue?.Close();
    }
}
