using System.Buffers;
using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;
using System.Net;
using System.Runtime.CompilerServices;
using Parley.Interop.Linux;
using Parley.Transports.Descriptors;

namespace Parley.Transports.MessageQueues;

/// <summary>
/// A POSIX message queue. Each call tries at once, in the caller; only when the queue is empty (or full) does it wait, in the event loop,
/// or in the kernel where the thread may be blocked.
/// </summary>
internal sealed partial class MessageQueueChannel : MessageChannel
{
    // MQ_PRIO_MAX of Linux, less one.
    private const int HighestPriority = 32767;

    private readonly MessageQueueEndPoint _endPoint;
    private readonly OneShotDescriptor _descriptor;
    private readonly CallObserver? _observer;
    private readonly TimeSpan _spinTime;
    private readonly HeldMessages _held = new();
    private readonly int _capacity;
    private readonly int _access;
    private readonly bool _runsInline;
    private long _messagesReceived;
    private long _messagesSent;
    private long _bytesReceived;
    private long _bytesSent;
    private int _disposed;

    internal MessageQueueChannel(
        MessageQueueEndPoint endPoint, OneShotDescriptor descriptor, in QueueAttributes attributes, int access, MessageChannelOptions options)
    {
        _endPoint = endPoint;
        _descriptor = descriptor;
        _observer = options.CallObserver;
        _spinTime = options.SpinTime;
        _spinTicks = (long)(options.SpinTime.TotalSeconds * Stopwatch.Frequency);
        _capacity = (int)attributes.MaxMessages;
        MaxMessageSize = (int)attributes.MessageSize;
        _access = access;
        _runsInline = options.RunContinuationsInline;
    }

    public override EndPoint LocalEndPoint => _endPoint;

    public override EndPoint? RemoteEndPoint => null;

    public override int MaxMessageSize { get; }

    public override int MaxPriority => HighestPriority;

    public override MessageStatistics Statistics
    {
        get
        {
            var others = new MessageStatistics(
                Interlocked.Read(ref _messagesReceived), Interlocked.Read(ref _messagesSent),
                Interlocked.Read(ref _bytesReceived), Interlocked.Read(ref _bytesSent), Truncated: 0);
            return Volatile.Read(ref _blocking)?.Plus(others) ?? others;
        }
    }

    internal override TimeSpan SpinTime => _spinTime;

    private DescriptorHandle Queue => _descriptor.Handle;

    public override bool TrySend(ReadOnlySpan<byte> message, MessageHeader header = default)
    {
        CheckSend(message.Length, header.Priority);
        return TrySend(message, header.Priority, Now());
    }

    public override bool TryReceive(Span<byte> buffer, out ReceivedMessage received)
    {
        CheckReceive();
        return TryReceive(buffer, Now(), out received);
    }

    internal override void ThrowIfRemoved()
    {
        bool isHeld = false;
        try
        {
            Queue.DangerousAddRef(ref isHeld);
            int error = FileStatus.OfDescriptor(Queue, out StatxResult file);
            if (error != 0)
                throw ConnectionException.FromErrno(Step.Send, error, _endPoint);
            if (file.Links == 0)
                throw new ConnectionException(Step.Send, Reason.NotFound, _endPoint, "the queue was removed");
        }
        catch (ObjectDisposedException)
        {
            throw Disposed(Step.Send);
        }
        finally
        {
            if (isHeld)
                Queue.DangerousRelease();
        }
    }

    internal override bool IsPriorityFirst => true;

    internal override bool TryReceive(Span<byte> room, ref uint priority, out ReceivedMessage received)
    {
        CheckReceive();
        if (_held.IsThere && TryTakeHeld(room, out received))
            return true;
        if (!TryReceiveWhole(room, Now(), ref priority, out received))
            return false;
        CountReceived(received.Length);
        return true;
    }

    /// <summary>Ends every wait, puts back what did not fit into a receiver's buffer, and closes.</summary>
    public override ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0)
            return ValueTask.CompletedTask;
        CloseBlocking();
        (byte[] Body, int Priority)[] held = _held.Close();
        int error = PutBack(held, out int lost, out long lostBytes);
        int number = Queue.Number;
        _descriptor.Close();
        _observer?.Report("close", number, Now(), outcome: 0, _endPoint, argument: -1, tcp: null);
        return lost == 0
            ? ValueTask.CompletedTask
            : ValueTask.FromException(new ConnectionException(
                Step.Close, error == Errno.EAGAIN ? Reason.Full : ErrnoReasons.Of(error, Step.Close), _endPoint,
                $"messages that were longer than their receiver's buffer could not be put back, {(error == Errno.EAGAIN ? "for the queue is full" : Errno.Describe(error))}: {lost} are lost",
                error == Errno.EAGAIN ? 0 : error)
            {
                UndeliveredBytes = lostBytes,
            });
    }

    private bool TrySend(ReadOnlySpan<byte> message, int priority, long started)
    {
        int error;
        try
        {
            error = QueueCalls.TrySend(Queue, message, priority);
        }
        catch (ObjectDisposedException)
        {
            throw Disposed(Step.Send);
        }

        if (error == Errno.EAGAIN)
            return false;
        ReportSent(error, message.Length, priority, started);
        CountSent(message.Length);
        return true;
    }

    private bool TryReceive(Span<byte> buffer, long started, out ReceivedMessage received)
    {
        if (_held.IsThere && TryTakeHeld(buffer, out received))
            return true;
        if (buffer.Length >= MaxMessageSize)
        {
            if (!TryReceiveWhole(buffer, started, out received))
                return false;
            CountReceived(received.Length);
            return true;
        }

        // The kernel gives nothing into a buffer that is smaller than the longest message, whatever is there.
        byte[] whole = ArrayPool<byte>.Shared.Rent(MaxMessageSize);
        try
        {
            if (!TryReceiveWhole(whole, started, out received))
                return false;
            HandOver(whole, buffer, received);
            return true;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(whole);
        }
    }

    private bool TryReceiveWhole(Span<byte> buffer, long started, out ReceivedMessage received)
    {
        uint priority = 0;
        return TryReceiveWhole(buffer, started, ref priority, out received);
    }

    private bool TryReceiveWhole(Span<byte> buffer, long started, ref uint priority, out ReceivedMessage received)
    {
        int error, length;
        try
        {
            error = QueueCalls.TryReceive(Queue, buffer, out length, ref priority);
        }
        catch (ObjectDisposedException)
        {
            throw Disposed(Step.Receive);
        }

        received = default;
        if (error == Errno.EAGAIN)
            return false;
        ReportReceived(error, length, (int)priority, started);
        received = Message(length, (int)priority);
        return true;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ReceivedMessage Message(int length, int priority) => new(length, new MessageHeader { Priority = priority });

    private void ReportSent(int error, int length, int priority, long started)
    {
        _observer?.Report("mq_send", Queue.Number, started, error == 0 ? length : -error, _endPoint, priority, tcp: null);
        if (error != 0)
            throw Failed(Step.Send, error);
    }

    private void ReportReceived(int error, int length, int priority, long started)
    {
        _observer?.Report("mq_receive", Queue.Number, started, error == 0 ? length : -error, _endPoint, error == 0 ? priority : -1, tcp: null);
        if (error != 0)
            throw Failed(Step.Receive, error);
    }

    private ConnectionException Failed(Step step, int error)
        => error == Errno.ETIMEDOUT ? new(step, Reason.TimedOut, _endPoint, "the time is over") : ConnectionException.FromErrno(step, error, _endPoint);

    /// <summary>Gives a message that the kernel gave to its receiver; holds it where that one's buffer is too small.</summary>
    private void HandOver(ReadOnlySpan<byte> whole, Span<byte> buffer, in ReceivedMessage received)
    {
        if (received.Length <= buffer.Length)
        {
            whole[..received.Length].CopyTo(buffer);
            CountReceived(received.Length);
            return;
        }

        if (!_held.TryHold(whole[..received.Length], received.Header.Priority))
        {
            throw new ConnectionException(
                Step.Receive, Reason.TooLarge, _endPoint, $"{DoesNotFit(received.Length, buffer.Length)}, and is lost: the channel was disposed meanwhile")
            {
                UndeliveredBytes = received.Length,
            };
        }

        // Those who wait have larger buffers, perhaps, and nothing else would wake them.
        _descriptor.Readable.Interrupt();
        InterruptBlocking();
        throw TooLarge(received.Length, buffer.Length);
    }

    private bool TryTakeHeld(Span<byte> buffer, out ReceivedMessage received)
    {
        bool isThere = TryTakeHeld(buffer, out int length, out int priority);
        received = isThere ? Message(length, priority) : default;
        return isThere;
    }

    private bool TryTakeHeld(Span<byte> buffer, out int length, out int priority)
    {
        if (!_held.TryTake(buffer, out length, out priority))
            return false;
        if (length > buffer.Length)
            throw TooLarge(length, buffer.Length);
        CountReceived(length);
        return true;
    }

    // A channel that only receives may still be allowed to send.
    private int PutBack((byte[] Body, int Priority)[] messages, out int lost, out long lostBytes)
    {
        lost = 0;
        lostBytes = 0;
        int lastError = 0;
        if (messages.Length == 0)
            return 0;
        using DescriptorHandle? own = _access == Libc.O_RDONLY ? QueueFile.Reopen(Queue, Libc.O_WRONLY | Libc.O_NONBLOCK) : null;
        int openError = own is { IsInvalid: true } ? Errno.Last : 0;
        foreach ((byte[] body, int priority) in messages)
        {
            int error = openError != 0 ? openError : QueueCalls.TrySend(own ?? Queue, body, priority);
            if (error == 0)
                continue;
            lastError = error;
            lost++;
            lostBytes += body.Length;
        }

        return lastError;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void CheckSend(int length, int priority)
    {
        if (Volatile.Read(ref _disposed) != 0 || _access == Libc.O_RDONLY || (uint)priority > HighestPriority || length > MaxMessageSize)
            ThrowCannotSend(length, priority);
    }

    [DoesNotReturn]
    private void ThrowCannotSend(int length, int priority)
    {
        if (Volatile.Read(ref _disposed) != 0)
            throw Disposed(Step.Send);
        ArgumentOutOfRangeException.ThrowIfNegative(priority, "header");
        ArgumentOutOfRangeException.ThrowIfGreaterThan(priority, HighestPriority, "header");
        if (_access == Libc.O_RDONLY)
            throw new ConnectionException(Step.Send, Reason.Other, _endPoint, "the channel was opened to receive only");
        throw new ConnectionException(Step.Send, Reason.TooLarge, _endPoint, $"the message has {length} bytes, the queue takes at most {MaxMessageSize}");
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void CheckReceive()
    {
        if (Volatile.Read(ref _disposed) != 0 || _access == Libc.O_WRONLY)
            ThrowCannotReceive();
    }

    [DoesNotReturn]
    private void ThrowCannotReceive()
    {
        throw Volatile.Read(ref _disposed) != 0
            ? Disposed(Step.Receive)
            : new ConnectionException(Step.Receive, Reason.Other, _endPoint, "the channel was opened to send only");
    }

    private void CountReceived(int length)
    {
        Interlocked.Increment(ref _messagesReceived);
        Interlocked.Add(ref _bytesReceived, length);
    }

    private void CountSent(int length)
    {
        Interlocked.Increment(ref _messagesSent);
        Interlocked.Add(ref _bytesSent, length);
    }

    private long Now() => _observer is null ? 0 : Stopwatch.GetTimestamp();

    private ConnectionException Disposed(Step step) => new(step, Reason.Aborted, _endPoint, "the channel was disposed");

    private ConnectionException TooLarge(int length, int room) => new(Step.Receive, Reason.TooLarge, _endPoint, DoesNotFit(length, room));

    private static string DoesNotFit(int length, int room) => $"a message of {length} bytes does not fit into a buffer of {room}";
}
