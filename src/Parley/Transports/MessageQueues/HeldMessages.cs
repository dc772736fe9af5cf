namespace Parley.Transports.MessageQueues;

/// <summary>
/// Messages that turned out to be longer than their receiver's buffer once the kernel had given them: they are the next to be received
/// from this channel.
/// </summary>
internal sealed class HeldMessages
{
    private readonly Queue<(byte[] Body, int Priority)> _messages = new();
    private readonly Lock _lock = new();
    private int _count;
    private bool _isClosed;

    internal bool IsThere => Volatile.Read(ref _count) != 0;

    /// <returns><see langword="false"/> where the channel is over.</returns>
    internal bool TryHold(ReadOnlySpan<byte> message, int priority)
    {
        lock (_lock)
        {
            if (_isClosed)
                return false;
            _messages.Enqueue((message.ToArray(), priority));
            Volatile.Write(ref _count, _messages.Count);
            return true;
        }
    }

    /// <summary>Takes the next one; where that does not fit either, only says how long it is.</summary>
    /// <returns><see langword="false"/> where there is none.</returns>
    internal bool TryTake(Span<byte> buffer, out int length, out int priority)
    {
        length = priority = 0;
        lock (_lock)
        {
            if (!_messages.TryPeek(out (byte[] Body, int Priority) next))
                return false;
            length = next.Body.Length;
            priority = next.Priority;
            if (length > buffer.Length)
                return true;
            next.Body.CopyTo(buffer);
            _messages.Dequeue();
            Volatile.Write(ref _count, _messages.Count);
            return true;
        }
    }

    /// <summary>Ends it.</summary>
    /// <returns>What nobody has taken.</returns>
    internal (byte[] Body, int Priority)[] Close()
    {
        lock (_lock)
        {
            _isClosed = true;
            (byte[] Body, int Priority)[] left = [.. _messages];
            _messages.Clear();
            Volatile.Write(ref _count, 0);
            return left;
        }
    }
}
