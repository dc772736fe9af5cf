using System.Buffers;

namespace Parley;

/// <summary>
/// Moves the messages of one channel to another, or to one after the other, and drops none: a message is taken from the source only when the
/// target has room, and one that could not be sent stays in hand and goes first the next time. Not safe for use by several threads;
/// several relays may share a source or a target.
/// </summary>
public sealed class MessageRelay
{
    // What nearly every message fits, the longest datagram among them; a longer one waits while more is taken for it.
    private const int CommonSize = 64 * 1024;

    private readonly MessageChannel _source;
    private byte[] _buffer = [];
    private ReceivedMessage _received;

    /// <summary>Makes a relay; nothing is taken yet.</summary>
    /// <param name="source">Where messages come from. The caller disposes it.</param>
    public MessageRelay(MessageChannel source)
    {
        ArgumentNullException.ThrowIfNull(source);
        _source = source;
    }

    /// <summary>Whether a message was taken from the source that no target has had yet.</summary>
    public bool HasMessage { get; private set; }

    /// <summary>That message; valid until the next call that moves or drops it.</summary>
    /// <exception cref="InvalidOperationException">There is none.</exception>
    public Message InHand => HasMessage
        ? new Message(_buffer.AsMemory(0, _received.Length), _received.Header) { Delivery = _received.Delivery }
        : throw new InvalidOperationException("There is no message in hand.");

    /// <summary>Whether the last <see cref="MoveAsync"/> threw for the target's sake: another target may do better.</summary>
    public bool HasTargetFailed { get; private set; }

    /// <summary>Messages that targets have had.</summary>
    public long MessagesMoved { get; private set; }

    /// <summary>Their bytes.</summary>
    public long BytesMoved { get; private set; }

    /// <summary>
    /// Moves messages, the one in hand first. A priority above the target's highest is lowered to that; to whom a message goes is the
    /// target's affair, so it has to be connected.
    /// </summary>
    /// <param name="target">Where to. The caller disposes it.</param>
    /// <param name="count">How many at most; 1 or more.</param>
    /// <param name="stop">Takes no more: one that was taken is still sent.</param>
    /// <param name="cancellationToken">Gives up at once; a message that was taken stays in hand.</param>
    /// <returns>Whether the source has ended; otherwise the count was reached, or <paramref name="stop"/> cancelled.</returns>
    /// <exception cref="ConnectionException">A channel failed; <see cref="HasTargetFailed"/> says which.</exception>
    /// <exception cref="OperationCanceledException"><paramref name="cancellationToken"/> was cancelled.</exception>
    public async ValueTask<bool> MoveAsync(
        MessageChannel target, long count = long.MaxValue, CancellationToken stop = default, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(target);
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 1);
        HasTargetFailed = false;
        using var waits = CancellationTokenSource.CreateLinkedTokenSource(stop, cancellationToken);
        for (long left = count; left > 0; left--)
        {
            if (!HasMessage)
            {
                try
                {
                    if (!await TakeAsync(target, waits.Token).ConfigureAwait(false))
                        return true;
                }
                catch (OperationCanceledException) when (stop.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
                {
                    return false;
                }
            }

            await SendAsync(target, cancellationToken).ConfigureAwait(false);
        }

        return false;
    }

    /// <summary>Forgets the message in hand: the caller has seen to it, by putting it back into the source or otherwise.</summary>
    public void Drop()
    {
        HasMessage = false;
        Release();
    }

    /// <returns>Whether there was one; otherwise the source has ended.</returns>
    private async ValueTask<bool> TakeAsync(MessageChannel target, CancellationToken cancellationToken)
    {
        while (true)
        {
            cancellationToken.ThrowIfCancellationRequested();
            await ForTargetAsync(target.WaitToSendAsync(cancellationToken)).ConfigureAwait(false);
            if (_buffer.Length > 0 && TryReceive())
                return HasMessage = !_received.IsEnd;

            // A source that says nothing costs no memory, however many there are.
            Release();
            await _source.WaitToReceiveAsync(cancellationToken).ConfigureAwait(false);
            Rent(CommonSize);
        }
    }

    private bool TryReceive()
    {
        try
        {
            return _source.TryReceive(_buffer, out _received);
        }
        catch (ConnectionException longer) when (longer.Reason == Reason.TooLarge && _buffer.Length < _source.MaxMessageSize)
        {
            Release();
            Rent(int.MaxValue);
            return _source.TryReceive(_buffer, out _received);
        }
    }

    private void Rent(int size) => _buffer = ArrayPool<byte>.Shared.Rent(Math.Max(1, Math.Min(size, _source.MaxMessageSize)));

    private void Release()
    {
        if (_buffer.Length > 0)
            ArrayPool<byte>.Shared.Return(_buffer);
        _buffer = [];
    }

    private async ValueTask SendAsync(MessageChannel target, CancellationToken cancellationToken)
    {
        var header = new MessageHeader { Priority = Math.Min(_received.Header.Priority, target.MaxPriority), Properties = _received.Header.Properties };
        await ForTargetAsync(target.SendAsync(_buffer.AsMemory(0, _received.Length), header, cancellationToken)).ConfigureAwait(false);
        await ForTargetAsync(target.WaitUntilTakenAsync(cancellationToken)).ConfigureAwait(false);
        HasMessage = false;
        if (_received.Delivery is { } delivery)
            await delivery.AcknowledgeAsync(cancellationToken).ConfigureAwait(false);
        MessagesMoved++;
        BytesMoved += _received.Length;
    }

    private async ValueTask ForTargetAsync(ValueTask step)
    {
        try
        {
            await step.ConfigureAwait(false);
        }
        catch (Exception failure) when (failure is not OperationCanceledException)
        {
            HasTargetFailed = true;
            throw;
        }
    }
}
