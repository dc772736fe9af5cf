using System.Buffers;

namespace Parley.Transports.Memory;

/// <summary>
/// One direction of a pair: messages by priority, the oldest first among equals. Whoever waits is woken with all others who wait for the same,
/// and takes nothing by that: with a turn that is handed from one to the next, several could go round for ever and none take the message.
/// </summary>
internal sealed class MemoryMessageQueue
{
    private readonly PriorityQueue<(byte[] Body, int Length, int Priority), (int Descending, long Order)> _waiting = new();
    private readonly Lock _lock = new();
    private readonly WaitList _receivers;
    private readonly WaitList _senders;
    private readonly int _capacity;
    private long _order;
    private bool _isComplete;
    private bool _isClosed;

    internal MemoryMessageQueue(int capacity)
    {
        _capacity = capacity;
        _receivers = new WaitList(_lock);
        _senders = new WaitList(_lock);
    }

    /// <summary>The receiver is gone: nothing can be sent any more.</summary>
    internal void Close()
    {
        lock (_lock)
        {
            _isClosed = true;
            while (_waiting.TryDequeue(out (byte[] Body, int Length, int Priority) left, out _))
                ArrayPool<byte>.Shared.Return(left.Body);
        }

        WakeAll();
    }

    /// <summary>Nothing more is sent.</summary>
    internal void Complete()
    {
        lock (_lock)
            _isComplete = true;
        WakeAll();
    }

    internal bool TryAdd(ReadOnlySpan<byte> message, int priority)
    {
        Waiter? woken;
        lock (_lock)
        {
            if (_isClosed || _isComplete)
                throw new ConnectionException(Step.Send, _isClosed ? Reason.Reset : Reason.Aborted, null, _isClosed ? "the receiver is gone" : "it was said that no more is sent");
            if (_waiting.Count >= _capacity)
                return false;
            byte[] body = ArrayPool<byte>.Shared.Rent(message.Length);
            message.CopyTo(body);
            _waiting.Enqueue((body, message.Length, priority), (-priority, _order++));
            woken = _receivers.TakeAll();
        }

        WaitList.WakeElsewhere(woken);
        return true;
    }

    internal bool TryTake(Span<byte> buffer, out ReceivedMessage received)
    {
        Waiter? woken;
        lock (_lock)
        {
            received = default;
            if (!_waiting.TryPeek(out (byte[] Body, int Length, int Priority) next, out _))
            {
                if (_isClosed)
                    throw new ConnectionException(Step.Receive, Reason.Aborted, null, "the channel was disposed");
                if (_isComplete)
                    received = ReceivedMessage.End;
                return _isComplete;
            }

            if (next.Length > buffer.Length)
            {
                throw new ConnectionException(Step.Receive, Reason.TooLarge, null, $"a message of {next.Length} bytes does not fit into a buffer of {buffer.Length}")
                { MessageLength = next.Length };
            }

            _waiting.Dequeue();
            next.Body.AsSpan(0, next.Length).CopyTo(buffer);
            ArrayPool<byte>.Shared.Return(next.Body);
            received = new ReceivedMessage(next.Length, new MessageHeader { Priority = next.Priority });
            woken = _senders.TakeAll();
        }

        WaitList.WakeElsewhere(woken);
        return true;
    }

    /// <summary>Waits until <see cref="TryAdd"/> may have something to say; others may be faster.</summary>
    internal ValueTask WaitForRoomAsync(CancellationToken cancellationToken)
    {
        lock (_lock)
            return _isClosed || _isComplete || _waiting.Count < _capacity ? default : _senders.Add(cancellationToken);
    }

    /// <summary>Waits until <see cref="TryTake"/> may have something to say; others may be faster.</summary>
    internal ValueTask WaitForMessageAsync(CancellationToken cancellationToken)
    {
        lock (_lock)
            return _isClosed || _isComplete || _waiting.Count > 0 ? default : _receivers.Add(cancellationToken);
    }

    private void WakeAll()
    {
        Waiter? receivers;
        Waiter? senders;
        lock (_lock)
        {
            receivers = _receivers.TakeAll();
            senders = _senders.TakeAll();
        }

        WaitList.WakeElsewhere(receivers);
        WaitList.WakeElsewhere(senders);
    }
}
