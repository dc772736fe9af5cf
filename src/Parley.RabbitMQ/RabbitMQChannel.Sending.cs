using System.Diagnostics;
using System.Globalization;
using System.Security.Cryptography;
using RabbitMQ.Client;

namespace Parley.RabbitMQ;

internal sealed partial class RabbitMQChannel
{
    private readonly string _idPrefix = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(8)) + "-";
    private long _lastId;

    public override async ValueTask SendAsync(ReadOnlyMemory<byte> message, MessageHeader header, CancellationToken cancellationToken = default)
    {
        cancellationToken.ThrowIfCancellationRequested();
        long started = Stopwatch.GetTimestamp();
        BasicProperties properties = Check(message.Length, header);
        await EnterAsync(started, cancellationToken).ConfigureAwait(false);
        PendingSend pending = HandOver(message.Span, properties, isAwaited: true);
        await WaitAsync(pending, started, cancellationToken).ConfigureAwait(false);
    }

    public override async ValueTask SendBatchAsync(
        ReadOnlyMemory<ReadOnlyMemory<byte>> messages, MessageHeader header = default, CancellationToken cancellationToken = default)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var pending = new List<PendingSend>(messages.Length);
        long started = Stopwatch.GetTimestamp();
        try
        {
            for (int i = 0; i < messages.Length; i++)
            {
                BasicProperties properties = Check(messages.Span[i].Length, header);
                await EnterAsync(Stopwatch.GetTimestamp(), cancellationToken).ConfigureAwait(false);
                pending.Add(HandOver(messages.Span[i].Span, properties, isAwaited: true));
            }

            started = Stopwatch.GetTimestamp();
        }
        catch
        {
            // Those before were handed over, and are seen to.
            foreach (PendingSend one in pending)
                await SettleAsync(one, started, cancellationToken).ConfigureAwait(false);
            throw;
        }

        ConnectionException? first = null;
        foreach (PendingSend one in pending)
        {
            try
            {
                await WaitAsync(one, started, cancellationToken).ConfigureAwait(false);
            }
            catch (ConnectionException failure)
            {
                first ??= failure;
            }
            catch (OperationCanceledException)
            {
                foreach (PendingSend left in pending)
                    _outbox.GiveUp(left);
                throw;
            }
        }

        if (first is not null)
            throw first;
    }

    public override bool TrySend(ReadOnlySpan<byte> message, MessageHeader header = default)
    {
        BasicProperties properties = Check(message.Length, header);
        if (!_keeper.IsUp || !_outbox.TryEnter())
            return false;
        HandOver(message, properties, isAwaited: false);
        return true;
    }

    public override void Send(ReadOnlySpan<byte> message, MessageHeader header, TimeSpan timeout)
    {
        using var limit = new CancellationTokenSource();
        if (timeout != Timeout.InfiniteTimeSpan)
            limit.CancelAfter(timeout);
        try
        {
            SendAsync(message.ToArray(), header, limit.Token).AsTask().GetAwaiter().GetResult();
        }
        catch (OperationCanceledException)
        {
            throw NotConfirmed(timeout);
        }
    }

    public override async ValueTask WaitToSendAsync(CancellationToken cancellationToken = default)
    {
        cancellationToken.ThrowIfCancellationRequested();
        ThrowIfDisposed(Step.Send);
        if (_keeper.IsUp && TryLookForRoom())
            return;
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, _closingToken);
        try
        {
            do
            {
                await _keeper.WhenUpAsync(stop.Token).ConfigureAwait(false);
                await _outbox.EnterAsync(Timeout.InfiniteTimeSpan, stop.Token).ConfigureAwait(false);
                _outbox.Leave();
            }
            while (!_keeper.IsUp);
        }
        catch (OperationCanceledException)
        {
            cancellationToken.ThrowIfCancellationRequested();
            throw Disposed(Step.Send);
        }
    }

    public override ValueTask CompleteSendsAsync(CancellationToken cancellationToken = default) => WaitUntilTakenAsync(cancellationToken);

    internal override async ValueTask WaitUntilTakenAsync(CancellationToken cancellationToken)
    {
        ThrowIfDisposed(Step.Send);
        await _outbox.WaitUntilTakenAsync(cancellationToken).ConfigureAwait(false);
    }

    private bool TryLookForRoom()
    {
        if (!_outbox.TryEnter())
            return false;
        _outbox.Leave();
        return true;
    }

    private BasicProperties Check(int length, MessageHeader header)
    {
        ThrowIfDisposed(Step.Send);
        ArgumentOutOfRangeException.ThrowIfNegative(header.Priority, nameof(header));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(header.Priority, MaxPriority, nameof(header));
        if (length > MaxMessageSize)
            throw new ConnectionException(Step.Send, Reason.TooLarge, _queue, $"the message has {length} bytes, the channel takes at most {MaxMessageSize}");
        BasicProperties properties = Headers.ToSend(header);
        properties.MessageId ??= string.Create(CultureInfo.InvariantCulture, $"{_idPrefix}{Interlocked.Increment(ref _lastId)}");
        if (Headers.TooLong(properties) is { } cause)
            throw new ConnectionException(Step.Send, Reason.TooLarge, _queue, $"AMQP has no room for the message's properties: {cause}");
        return properties;
    }

    private PendingSend HandOver(ReadOnlySpan<byte> message, BasicProperties properties, bool isAwaited)
    {
        var pending = new PendingSend(message, properties, isAwaited);
        _outbox.Add(pending);
        return pending;
    }

    /// <summary>Waits for room.</summary>
    private async ValueTask EnterAsync(long started, CancellationToken cancellationToken)
    {
        if (_outbox.TryEnter())
            return;
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, _closingToken);
        try
        {
            if (!await _outbox.EnterAsync(Left(started), stop.Token).ConfigureAwait(false))
                throw NotConfirmed(_options.CallTimeout, "nothing was sent: so many messages before it are not confirmed");
        }
        catch (OperationCanceledException)
        {
            cancellationToken.ThrowIfCancellationRequested();
            throw Disposed(Step.Send);
        }
    }

    /// <summary>Waits for the broker's confirmation.</summary>
    private async ValueTask WaitAsync(PendingSend pending, long started, CancellationToken cancellationToken)
    {
        Task done = pending.Done!.Task;
        try
        {
            await done.WaitAsync(Left(started), cancellationToken).ConfigureAwait(false);
        }
        catch (TimeoutException)
        {
            bool wasNotSent = _outbox.GiveUp(pending);
            if (done.IsCompletedSuccessfully)
                return;
            throw NotConfirmed(_options.CallTimeout, wasNotSent ? "nothing was sent" : "the broker may have it nevertheless");
        }
        catch (OperationCanceledException)
        {
            _outbox.GiveUp(pending);
            throw;
        }
    }

    private async ValueTask SettleAsync(PendingSend pending, long started, CancellationToken cancellationToken)
    {
        try
        {
            await WaitAsync(pending, started, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception told) when (told is ConnectionException or OperationCanceledException)
        {
            // The first failure is the one that is thrown.
        }
    }

    private TimeSpan Left(long started)
    {
        if (_options.CallTimeout == Timeout.InfiniteTimeSpan)
            return Timeout.InfiniteTimeSpan;
        TimeSpan left = _options.CallTimeout - Stopwatch.GetElapsedTime(started);
        return left > TimeSpan.Zero ? left : TimeSpan.Zero;
    }

    private ConnectionException NotConfirmed(TimeSpan timeout, string? besides = null)
    {
        string words = $"not confirmed within {timeout.TotalSeconds:0.###} s";
        if (besides is not null)
            words += $" ({besides})";
        ConnectionException? outage = _keeper.Outage;
        return new ConnectionException(Step.Send, Reason.TimedOut, _queue, outage is null ? words : $"{words}; there is no connection: {outage.Cause}", outage?.ErrorNumber ?? 0, outage);
    }

    private void ThrowIfDisposed(Step step)
    {
        if (Volatile.Read(ref _disposed) != 0)
            throw Disposed(step);
    }
}
