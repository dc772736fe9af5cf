namespace Parley.Transports.Memory;

/// <summary>
/// One direction of a pair: messages by priority, the oldest first among equals. Whoever waits is woken with all others who wait for the same,
/// and takes nothing by that: with a turn that is handed from one to the next, several could go round for ever and none take the message.
/// </summary>
internal sealed class MemoryMessageQueue(int capacity)
{
    private readonly PriorityQueue<(byte[] Body, int Priority), (int Descending, long Order)> _waiting = new();
    private readonly Lock _lock = new();
    private TaskCompletionSource? _messageCame;
    private TaskCompletionSource? _roomCame;
    private long _order;
    private bool _isComplete;
    private bool _isClosed;

    /// <summary>The receiver is gone: nothing can be sent any more.</summary>
    internal void Close()
    {
        lock (_lock)
        {
            _isClosed = true;
            _waiting.Clear();
            Wake(ref _messageCame);
            Wake(ref _roomCame);
        }
    }

    /// <summary>Nothing more is sent.</summary>
    internal void Complete()
    {
        lock (_lock)
        {
            _isComplete = true;
            Wake(ref _messageCame);
            Wake(ref _roomCame);
        }
    }

    internal bool TryAdd(ReadOnlySpan<byte> message, int priority)
    {
        lock (_lock)
        {
            if (_isClosed || _isComplete)
                throw new ConnectionException(Step.Send, _isClosed ? Reason.Reset : Reason.Aborted, null, _isClosed ? "the receiver is gone" : "it was said that no more is sent");
            if (_waiting.Count >= capacity)
                return false;
            _waiting.Enqueue((message.ToArray(), priority), (-priority, _order++));
            Wake(ref _messageCame);
            return true;
        }
    }

    internal bool TryTake(Span<byte> buffer, out ReceivedMessage received)
    {
        lock (_lock)
        {
            received = default;
            if (!_waiting.TryPeek(out (byte[] Body, int Priority) next, out _))
            {
                if (_isClosed)
                    throw new ConnectionException(Step.Receive, Reason.Aborted, null, "the channel was disposed");
                if (_isComplete)
                    received = ReceivedMessage.End;
                return _isComplete;
            }

            if (next.Body.Length > buffer.Length)
                throw new ConnectionException(Step.Receive, Reason.TooLarge, null, $"a message of {next.Body.Length} bytes does not fit into a buffer of {buffer.Length}");
            _waiting.Dequeue();
            next.Body.CopyTo(buffer);
            received = new ReceivedMessage(next.Body.Length, new MessageHeader { Priority = next.Priority });
            Wake(ref _roomCame);
            return true;
        }
    }

    /// <summary>Waits until <see cref="TryAdd"/> may have something to say; others may be faster.</summary>
    internal ValueTask WaitForRoomAsync(CancellationToken cancellationToken)
    {
        lock (_lock)
            return _isClosed || _isComplete || _waiting.Count < capacity ? default : WaitAsync(ref _roomCame, cancellationToken);
    }

    /// <summary>Waits until <see cref="TryTake"/> may have something to say; others may be faster.</summary>
    internal ValueTask WaitForMessageAsync(CancellationToken cancellationToken)
    {
        lock (_lock)
            return _isClosed || _isComplete || _waiting.Count > 0 ? default : WaitAsync(ref _messageCame, cancellationToken);
    }

    private static ValueTask WaitAsync(ref TaskCompletionSource? came, CancellationToken cancellationToken)
        => new((came ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).Task.WaitAsync(cancellationToken));

    private static void Wake(ref TaskCompletionSource? came)
    {
        came?.SetResult();
        came = null;
    }
}
