using System.Buffers;
using System.Diagnostics;
using Parley.Interop.Linux;
using Parley.Transports.Descriptors;

namespace Parley.Transports.MessageQueues;

/// <content>
/// Calls of a thread that may be blocked: look for a while where that has paid, then one system call that sleeps in the kernel, as a C
/// program's does.
/// </content>
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
        if (IsLookingFor(ref _roomLook) && LookForRoom(message, header.Priority, started, due))
            return;
        if (Blocking() is { } queue)
            BlockAndSend(queue, message, header.Priority, started, due);
        else
            base.Send(message, header, Left(due) ?? Timeout.InfiniteTimeSpan);
    }

    public override ReceivedMessage Receive(Span<byte> buffer, TimeSpan timeout)
    {
        CheckReceive();
        long started = Now();
        long due = Clock.FromNow(timeout);
        if (IsLookingFor(ref _messageLook) && LookForMessage(buffer, started, due, out ReceivedMessage received))
            return received;
        if (Blocking() is not { } queue)
            return base.Receive(buffer, Left(due) ?? Timeout.InfiniteTimeSpan);
        if (buffer.Length >= MaxMessageSize)
        {
            if (BlockAndReceive(queue, buffer, buffer, started, due, out received))
                CountReceived(received.Length);
            return received;
        }

        byte[] whole = ArrayPool<byte>.Shared.Rent(MaxMessageSize);
        try
        {
            if (BlockAndReceive(queue, whole, buffer, started, due, out received))
                HandOver(whole, buffer, received);
            return received;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(whole);
        }
    }

    private bool IsLookingFor(ref BriefPoll look) => _spinTicks != 0 && look.IsDue();

    private bool LookForRoom(ReadOnlySpan<byte> message, int priority, long started, long due)
    {
        // What is there already says nothing about how long it takes to come.
        if (TrySend(message, priority, started))
            return true;
        long end = Math.Min(due, Stopwatch.GetTimestamp() + _spinTicks);
        do
        {
            if (!TrySend(message, priority, started))
                continue;
            _roomLook.Found();
            return true;
        }
        while (Stopwatch.GetTimestamp() < end);
        _roomLook.FoundNothing();
        return false;
    }

    private bool LookForMessage(Span<byte> buffer, long started, long due, out ReceivedMessage received)
    {
        if (TryReceive(buffer, started, out received))
            return true;
        long end = Math.Min(due, Stopwatch.GetTimestamp() + _spinTicks);
        do
        {
            if (!TryReceive(buffer, started, out received))
                continue;
            _messageLook.Found();
            return true;
        }
        while (Stopwatch.GetTimestamp() < end);
        _messageLook.FoundNothing();
        return false;
    }

    private void BlockAndSend(BlockingQueue queue, ReadOnlySpan<byte> message, int priority, long started, long due)
    {
        while (true)
        {
            BlockedThread place = queue.Enter();
            bool isDisposed = Volatile.Read(ref _disposed) != 0;
            int error = isDisposed ? 0 : queue.Send(message, priority, Left(due));
            place.Leave();
            if (isDisposed)
                throw Disposed(Step.Send);
            if (error == Errno.EINTR || (error == Errno.ETIMEDOUT && !Clock.IsOver(due)))
                continue;
            _observer?.Report("mq_send", Queue.Number, started, error == 0 ? message.Length : -error, _endPoint, priority, tcp: null);
            if (error != 0)
                throw Failed(Step.Send, error);
            CountSent(message.Length);
            return;
        }
    }

    /// <returns>Whether it came from the queue, to <paramref name="whole"/>; otherwise one that was held is in <paramref name="buffer"/>, and counted.</returns>
    private bool BlockAndReceive(BlockingQueue queue, Span<byte> whole, Span<byte> buffer, long started, long due, out ReceivedMessage received)
    {
        while (true)
        {
            if (_held.IsThere && TryTakeHeld(buffer, out received))
                return false;
            BlockedThread place = queue.Enter();
            bool isDisposed = Volatile.Read(ref _disposed) != 0;
            bool mayBlock = !isDisposed && !_held.IsThere;
            int length = 0, priority = 0;
            int error = mayBlock ? queue.Receive(whole, Left(due), out length, out priority) : Errno.EINTR;
            place.Leave();
            if (isDisposed)
                throw Disposed(Step.Receive);
            if (error == Errno.EINTR || (error == Errno.ETIMEDOUT && !Clock.IsOver(due)))
                continue;
            if (error == Errno.ETIMEDOUT)
                throw Failed(Step.Receive, error);
            received = Received(error, length, priority, started);
            return true;
        }
    }

    private ConnectionException Failed(Step step, int error)
        => error == Errno.ETIMEDOUT ? new(step, Reason.TimedOut, _endPoint, "the time is over") : ConnectionException.FromErrno(step, error, _endPoint);

    private static TimeSpan? Left(long due) => due == Deadline.Never ? null : Stopwatch.GetElapsedTime(Stopwatch.GetTimestamp(), due);

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
                Volatile.Write(ref _blocking, new BlockingQueue(queue));
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
