using System.Buffers;
using System.Runtime.CompilerServices;
using System.Runtime.ExceptionServices;

namespace Parley;

/// <summary>
/// Moves the messages of one channel to another, or to one after the other, and drops none: a message is taken from the source only when the
/// target has room, and one that could not be sent stays in hand and goes first the next time. Not safe for use by several threads;
/// several relays may share a source or a target.
/// </summary>
/// <remarks>
/// Of a source that keeps its messages until they are acknowledged (<see cref="ReceivedMessage.Delivery"/>), several are on their way at once, sent in order; each
/// is acknowledged once the target has it. Where a send fails, the others that were begun are waited for, and those that the target did not confirm stay in hand, in
/// their order.
/// </remarks>
public sealed class MessageRelay
{
    // What nearly every message fits, the longest datagram among them; a longer one waits while more is taken for it.
    private const int CommonSize = 64 * 1024;
    private const int DefaultInFlight = 256;

    private readonly MessageChannel _source;
    private readonly RelayWindow _window;
    private byte[] _buffer = [];
    private ReceivedMessage _received;
    private bool _hasOne;
    private bool _mayHaveArrived;
    private long _possibleDuplicates;
    private long _messages;
    private long _bytes;

    /// <summary>Makes a relay; nothing is taken yet.</summary>
    /// <param name="source">Where messages come from. The caller disposes it.</param>
    public MessageRelay(MessageChannel source)
        : this(source, DefaultInFlight)
    {
    }

    /// <summary>Makes a relay; nothing is taken yet.</summary>
    /// <param name="source">Where messages come from. The caller disposes it.</param>
    /// <param name="maxInFlight">
    /// How many messages are on their way to the target at once, of a source that keeps them until they are acknowledged: 1 or more, each in memory of its own. By
    /// default 256. From another source it is always one.
    /// </param>
    public MessageRelay(MessageChannel source, int maxInFlight)
    {
        ArgumentNullException.ThrowIfNull(source);
        ArgumentOutOfRangeException.ThrowIfLessThan(maxInFlight, 1);
        _source = source;
        _window = new RelayWindow(maxInFlight);
    }

    /// <summary>Whether messages were taken from the source that no target has had yet, as far as is known.</summary>
    public bool HasMessage => _hasOne || _window.Count > 0;

    /// <summary>How many.</summary>
    public int MessagesInHand => _window.Count + (_hasOne ? 1 : 0);

    /// <summary>The oldest of them, which the failure that <see cref="MoveAsync"/> threw is about; valid until the next call that moves or drops it.</summary>
    /// <exception cref="InvalidOperationException">There is none.</exception>
    public Message InHand => _window.Count > 0 ? _window.Oldest : _hasOne
        ? new Message(_buffer.AsMemory(0, _received.Length), _received.Header) { Delivery = _received.Delivery }
        : throw new InvalidOperationException("There is no message in hand.");

    /// <summary>Whether the last <see cref="MoveAsync"/> threw for the target's sake: another target may do better.</summary>
    public bool HasTargetFailed { get; private set; }

    /// <summary>Messages that targets have had.</summary>
    public long MessagesMoved => _messages + _window.Messages;

    /// <summary>Their bytes.</summary>
    public long BytesMoved => _bytes + _window.Bytes;

    /// <summary>
    /// How many of the sends that succeeded were of messages that a target may have had before: delivered again by the source, or sent again because an earlier
    /// send of several on their way was not confirmed.
    /// </summary>
    public long PossibleDuplicates => _possibleDuplicates + _window.PossibleDuplicates;

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
        if (_hasOne)
        {
            await SendAsync(target, cancellationToken).ConfigureAwait(false);
            count--;
        }

        long begun = _window.SendAgain(target, count, cancellationToken);
        bool hasEnded = false;
        Exception? failure = null;
        try
        {
            using var waits = CancellationTokenSource.CreateLinkedTokenSource(stop, cancellationToken, _window.Failed);
            for (; begun < count && !hasEnded && !_window.Failed.IsCancellationRequested; begun++)
            {
                await _window.WaitForRoomAsync(waits.Token).ConfigureAwait(false);
                hasEnded = !await TakeAsync(target, waits.Token).ConfigureAwait(false);
                if (hasEnded)
                    break;
                if (_received.Delivery is null)
                {
                    await SendAsync(target, cancellationToken).ConfigureAwait(false);
                    continue;
                }

                _hasOne = false;
                _window.Begin(target, _buffer.AsSpan(0, _received.Length), _received, cancellationToken);
            }
        }
        catch (Exception broken)
        {
            failure = broken;
        }

        // Whatever happened: what is on its way is either confirmed or in hand.
        Exception? unsent = await _window.SettleAsync().ConfigureAwait(false);
        if (unsent is not null)
        {
            HasTargetFailed = _window.HasTargetFailed;
            ExceptionDispatchInfo.Throw(unsent);
        }

        if (failure is OperationCanceledException && stop.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
            return false;
        if (failure is not null)
            ExceptionDispatchInfo.Throw(failure);
        return hasEnded;
    }

    /// <summary>
    /// Forgets the oldest message in hand: the caller has seen to it, by putting it back into the source or otherwise. A source that keeps it is not told, and
    /// will deliver it again: <see cref="DropAsync"/> does.
    /// </summary>
    public void Drop()
    {
        if (_window.Count > 0)
        {
            _window.Drop();
            return;
        }

        _hasOne = _mayHaveArrived = false;
        Release();
    }

    /// <summary>Forgets the oldest message in hand, and acknowledges it to a source that keeps it.</summary>
    /// <param name="cancellationToken">Gives up; it may be delivered again then.</param>
    /// <exception cref="ConnectionException"><see cref="Step.Receive"/>: the source can no longer be told, and will deliver it again.</exception>
    public async ValueTask DropAsync(CancellationToken cancellationToken = default)
    {
        MessageDelivery? delivery = InHand.Delivery;
        Drop();
        if (delivery is not null)
            await delivery.AcknowledgeAsync(cancellationToken).ConfigureAwait(false);
    }

    /// <summary>
    /// Gives back to a source that keeps its messages all that are in hand: they are delivered again. A message of another source stays in hand.
    /// </summary>
    /// <param name="cancellationToken">Gives up; they will be delivered again all the same, once the source is disposed.</param>
    /// <exception cref="ConnectionException"><see cref="Step.Receive"/>: the source can no longer be told, and will deliver them again.</exception>
    public async ValueTask GiveBackAsync(CancellationToken cancellationToken = default)
    {
        while (_window.Count > 0)
        {
            MessageDelivery delivery = _window.Oldest.Delivery!;
            _window.Drop();
            await delivery.RequeueAsync(cancellationToken).ConfigureAwait(false);
        }
    }

    /// <returns>Whether there was one; otherwise the source has ended.</returns>
    private async ValueTask<bool> TakeAsync(MessageChannel target, CancellationToken cancellationToken)
    {
        while (true)
        {
            cancellationToken.ThrowIfCancellationRequested();
            await ForTargetAsync(WaitForRoomAsync(target, cancellationToken)).ConfigureAwait(false);
            if (_buffer.Length > 0 && TryReceive())
                return _hasOne = !_received.IsEnd;

            // A source that says nothing costs no memory, however many there are.
            Release();
            await _source.WaitToReceiveAsync(cancellationToken).ConfigureAwait(false);
            Rent(CommonSize);
        }
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    private static async ValueTask WaitForRoomAsync(MessageChannel target, CancellationToken cancellationToken)
    {
        await target.WaitToSendAsync(cancellationToken).ConfigureAwait(false);
        target.ThrowIfRemoved();
    }

    private bool TryReceive()
    {
        // Another relay may have taken the message that did not fit, and the next be longer still.
        while (true)
        {
            try
            {
                return _source.TryReceive(_buffer, out _received);
            }
            catch (ConnectionException longer) when (_source.MayFitMore(longer, _buffer.Length))
            {
                Release();
                Rent(_source.RoomFor(longer));
            }
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
        bool isAgain = _mayHaveArrived;
        IReadOnlyDictionary<string, string>? properties = isAgain ? RelayWindow.Marked(_received.Header.Properties) : _received.Header.Properties;
        var header = new MessageHeader { Priority = Math.Min(_received.Header.Priority, target.MaxPriority), Properties = properties };
        try
        {
            await ForTargetAsync(target.SendAsync(_buffer.AsMemory(0, _received.Length), header, cancellationToken)).ConfigureAwait(false);
            await ForTargetAsync(target.WaitUntilTakenAsync(cancellationToken)).ConfigureAwait(false);
        }
        catch (Exception failure)
        {
            _mayHaveArrived |= RelayWindow.MayHaveArrived(failure);
            throw;
        }

        _hasOne = _mayHaveArrived = false;
        _messages++;
        _bytes += _received.Length;
        if (isAgain)
            _possibleDuplicates++;
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
