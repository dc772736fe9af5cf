using System.Diagnostics.CodeAnalysis;

namespace Parley.Transports.Memory;

/// <summary>
/// One direction of a pair: messages by priority, the oldest first among equals. Each semaphore counts what can be taken; at the end it
/// stays open, so that everybody finds it.
/// </summary>
[SuppressMessage("Design", "CA1001", Justification = "Semaphores hold nothing of the system's until their wait handle is asked for.")]
internal sealed class MemoryMessageQueue(int capacity)
{
    private readonly PriorityQueue<(byte[] Body, int Priority), (int Descending, long Order)> _waiting = new();
    private readonly SemaphoreSlim _messages = new(0);
    private readonly SemaphoreSlim _room = new(capacity);
    private readonly Lock _lock = new();
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
        }

        _room.Release();
        _messages.Release();
    }

    /// <summary>Nothing more is sent.</summary>
    internal void Complete()
    {
        lock (_lock)
        {
            if (_isComplete)
                return;
            _isComplete = true;
        }

        _messages.Release();
    }

    /// <summary>The sender is gone: whoever waits for room in its name has to see that.</summary>
    internal void WakeSenders() => _room.Release();

    internal bool TryAdd(ReadOnlySpan<byte> message, int priority)
    {
        if (!_room.Wait(0))
            return false;
        lock (_lock)
        {
            if (_isClosed || _isComplete)
            {
                _room.Release();
                throw new ConnectionException(Step.Send, _isClosed ? Reason.Reset : Reason.Aborted, null, _isClosed ? "the receiver is gone" : "it was said that no more is sent");
            }

            _waiting.Enqueue((message.ToArray(), priority), (-priority, _order++));
        }

        _messages.Release();
        return true;
    }

    internal bool TryTake(Span<byte> buffer, out ReceivedMessage received)
    {
        received = default;
        if (!_messages.Wait(0))
            return false;
        lock (_lock)
        {
            if (!_waiting.TryPeek(out (byte[] Body, int Priority) next, out _))
            {
                _messages.Release();
                if (_isClosed)
                    throw new ConnectionException(Step.Receive, Reason.Aborted, null, "the channel was disposed");
                received = ReceivedMessage.End;
                return true;
            }

            if (next.Body.Length > buffer.Length)
            {
                _messages.Release();
                throw new ConnectionException(Step.Receive, Reason.TooLarge, null, $"a message of {next.Body.Length} bytes does not fit into a buffer of {buffer.Length}");
            }

            _waiting.Dequeue();
            next.Body.CopyTo(buffer);
            received = new ReceivedMessage(next.Body.Length, new MessageHeader { Priority = next.Priority });
        }

        _room.Release();
        return true;
    }

    internal ValueTask WaitForRoomAsync(CancellationToken cancellationToken) => WaitAsync(_room, cancellationToken);

    internal ValueTask WaitForMessageAsync(CancellationToken cancellationToken) => WaitAsync(_messages, cancellationToken);

    private static async ValueTask WaitAsync(SemaphoreSlim count, CancellationToken cancellationToken)
    {
        await count.WaitAsync(cancellationToken).ConfigureAwait(false);
        count.Release();
    }
}
