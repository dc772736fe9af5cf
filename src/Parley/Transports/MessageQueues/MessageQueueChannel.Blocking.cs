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
/// What goes by without a look is one method with the system call in it: behind a call into the kernel processors foresee returns wrongly, those that
/// the kernel's own returns are made safe on, and each level that is returned through takes 10 ns instead of 1 (measured on AMD's Zen 3, "Safe RET").
/// </remarks>
internal sealed partial class MessageQueueChannel
{
    private readonly Lock _opening = new();
    private readonly long _spinTicks;
    private BlockingQueue? _blocking;
    private bool _cannotBlock;

    // Shared by all threads without a lock: what they disturb is only how often it is looked.
    private BriefPoll _roomLook;
    private BriefPoll _messageLook;

    public override void Send(ReadOnlySpan<byte> message, MessageHeader header, TimeSpan timeout)
    {
        CheckSend(message.Length, header.Priority);
        long started = Now();
        long due = Clock.FromNow(timeout);
        if (Blocking() is { } queue)
            BlockAndSend(queue, message, header.Priority, started, due);
        else
            base.Send(message, header, timeout);
    }

    public override ReceivedMessage Receive(Span<byte> buffer, TimeSpan timeout)
    {
        CheckReceive();
        long started = Now();
        long due = Clock.FromNow(timeout);
        if (Blocking() is not { } queue)
            return base.Receive(buffer, timeout);
        if (buffer.Length < MaxMessageSize)
            return ReceiveElsewhere(queue, buffer, started, due);
        BlockAndReceive(queue, buffer, buffer, started, due, out int length, out int priority);
        return Message(length, priority);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private ReceivedMessage ReceiveElsewhere(BlockingQueue queue, Span<byte> buffer, long started, long due)
    {
        byte[] whole = ArrayPool<byte>.Shared.Rent(MaxMessageSize);
        try
        {
            bool isWhole = BlockAndReceive(queue, whole, buffer, started, due, out int length, out int priority);
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
    private void BlockAndSend(BlockingQueue queue, ReadOnlySpan<byte> message, int priority, long started, long due)
    {
        while (true)
        {
            BlockedThread place = queue.Enter();
            bool isDisposed = Volatile.Read(ref _disposed) != 0;
            int error = isDisposed ? Errno.EINTR : LookAndSend(queue, message, priority, due);
            if (error == 0)
                place.Tally.Sent(message.Length);
            place.Leave();
            if (isDisposed)
                throw Disposed(Step.Send);
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
    private bool BlockAndReceive(BlockingQueue queue, Span<byte> whole, Span<byte> buffer, long started, long due, out int length, out int priority)
    {
        while (true)
        {
            if (_held.IsThere && TryTakeHeld(buffer, out length, out priority))
                return false;
            length = priority = 0;
            BlockedThread place = queue.Enter();
            bool isDisposed = Volatile.Read(ref _disposed) != 0;
            int error = isDisposed || _held.IsThere ? Errno.EINTR : LookAndReceive(queue, whole, due, out length, out priority);
            if (error == 0 && whole == buffer)
                place.Tally.Received(length);
            place.Leave();
            if (isDisposed)
                throw Disposed(Step.Receive);
            if (error == Errno.EINTR || (error == Errno.ETIMEDOUT && !Clock.IsOver(due)))
                continue;
            if (_observer is not null || error != 0)
                ReportReceived(error, length, priority, started);
            return true;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private int LookAndSend(BlockingQueue queue, ReadOnlySpan<byte> message, int priority, long due)
    {
        if (_spinTicks != 0 && _roomLook.IsDue())
        {
            // What is there already says nothing about how long it takes to come.
            int error = queue.TrySend(message, priority);
            if (error == Errno.EAGAIN)
                error = LookForRoom(queue, message, priority, due);
            if (error != Errno.EAGAIN)
                return error;
        }

        return due == Deadline.Never ? queue.Send(message, priority) : queue.Send(message, priority, Left(due));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private int LookAndReceive(BlockingQueue queue, Span<byte> buffer, long due, out int length, out int priority)
    {
        if (_spinTicks != 0 && _messageLook.IsDue())
        {
            int error = queue.TryReceive(buffer, out length, out priority);
            if (error == Errno.EAGAIN)
                error = LookForMessage(queue, buffer, due, out length, out priority);
            if (error != Errno.EAGAIN)
                return error;
        }

        return due == Deadline.Never ? queue.Receive(buffer, out length, out priority) : queue.Receive(buffer, Left(due), out length, out priority);
    }

    /// <returns>As the call, EAGAIN where there was no room all the time.</returns>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private int LookForRoom(BlockingQueue queue, ReadOnlySpan<byte> message, int priority, long due)
    {
        long end = Math.Min(due, Stopwatch.GetTimestamp() + _roomLook.Within(_spinTicks));
        do
        {
            // Whoever closes waits for this thread.
            if (Volatile.Read(ref _disposed) != 0)
                return Errno.EINTR;
            int error = queue.TrySend(message, priority);
            if (error == Errno.EAGAIN)
                continue;
            _roomLook.Found();
            return error;
        }
        while (Stopwatch.GetTimestamp() < end);
        _roomLook.FoundNothing();
        return Errno.EAGAIN;
    }

    /// <returns>As the call, EAGAIN where nothing came all the time.</returns>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private int LookForMessage(BlockingQueue queue, Span<byte> buffer, long due, out int length, out int priority)
    {
        long end = Math.Min(due, Stopwatch.GetTimestamp() + _messageLook.Within(_spinTicks));
        length = priority = 0;
        do
        {
            // Whoever closes, or holds a message for others, waits for this thread.
            if (Volatile.Read(ref _disposed) != 0 || _held.IsThere)
                return Errno.EINTR;
            int error = queue.TryReceive(buffer, out length, out priority);
            if (error == Errno.EAGAIN)
                continue;
            _messageLook.Found();
            return error;
        }
        while (Stopwatch.GetTimestamp() < end);
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
