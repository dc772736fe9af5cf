using System.Diagnostics;
using Microsoft.Extensions.Logging;

namespace Parley.RabbitMQ;

/// <summary>Keeps a channel connected: sends by each connection what waits, receives by it once somebody wants messages, and makes the next one when it ends.</summary>
internal sealed class LinkKeeper : IDisposable
{
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(100);

    private readonly BrokerConnector _connector;
    private readonly Outbox _outbox;
    private readonly Inbox _inbox;
    private readonly RabbitMQOptions _options;
    private readonly ILogger? _logger;
    private readonly string _name;
    private readonly CancellationTokenSource _stop = new();
    private readonly CancellationToken _stopToken;
    private readonly Lock _lock = new();
    private TaskCompletionSource _up = NewSource();
    private BrokerLink? _link;
    private Task _kept = Task.CompletedTask;
    private bool _isWanted;
    private bool _isReceiving;
    private volatile bool _isStopping;
    private long _lost;

    internal LinkKeeper(BrokerConnector connector, Outbox outbox, Inbox inbox, RabbitMQOptions options, ILoggerFactory? loggers)
    {
        _connector = connector;
        _outbox = outbox;
        _inbox = inbox;
        _options = options;
        _logger = loggers?.CreateLogger("Parley.RabbitMQ");
        _name = connector.Queue.ToString();
        _stopToken = _stop.Token;
    }

    /// <summary>Why there is no connection; <see langword="null"/> while there is one.</summary>
    internal ConnectionException? Outage { get; private set; }

    internal bool IsUp
    {
        get
        {
            lock (_lock)
                return _link is { HasEnded: false };
        }
    }

    public void Dispose() => _stop.Dispose();

    internal void Start(BrokerLink link)
    {
        // It outlives the call that opened the channel, and is no part of what that is traced as.
        using (ExecutionContext.SuppressFlow())
            _kept = Task.Run(() => KeepAsync(link));
        lock (_lock)
            _link ??= link;
    }

    /// <summary>Waits until there is a connection.</summary>
    internal Task WhenUpAsync(CancellationToken cancellationToken)
    {
        lock (_lock)
            return _link is { HasEnded: false } ? Task.CompletedTask : _up.Task.WaitAsync(cancellationToken);
    }

    /// <summary>Somebody waits for messages.</summary>
    internal void WantMessages()
    {
        lock (_lock)
        {
            _isWanted = true;
            if (!_isReceiving && _link is { HasEnded: false } link)
                StartReceiving(link);
        }
    }

    /// <summary>Ends the connection, so that the broker has what was said, if it takes that within the time.</summary>
    internal async Task StopAsync(TimeSpan timeout)
    {
        _isStopping = true;
        BrokerLink? link;
        lock (_lock)
            link = _link;
        if (link is not null)
            await link.CloseAsync(timeout).ConfigureAwait(false);
        await _stop.CancelAsync().ConfigureAwait(false);
        await _kept.ConfigureAwait(false);
    }

    private static TaskCompletionSource NewSource()
    {
        var source = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _ = source.Task.ContinueWith(static told => _ = told.Exception, CancellationToken.None, TaskContinuationOptions.OnlyOnFaulted | TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
        return source;
    }

    private async Task KeepAsync(BrokerLink link)
    {
        for (BrokerLink? current = link; current is not null; current = await ConnectAgainAsync().ConfigureAwait(false))
        {
            BrokerLink used = current;
            used.Publishing!.BasicAcksAsync += (_, answer) =>
            {
                _outbox.Confirm(used, answer.DeliveryTag, answer.Multiple, isTaken: true);
                return Task.CompletedTask;
            };
            used.Publishing.BasicNacksAsync += (_, answer) =>
            {
                _outbox.Confirm(used, answer.DeliveryTag, answer.Multiple, isTaken: false);
                return Task.CompletedTask;
            };
            used.Publishing.BasicReturnAsync += (_, message) =>
            {
                _outbox.MarkReturned(used, message.BasicProperties.MessageId);
                return Task.CompletedTask;
            };
            Task publishing = _outbox.PublishAsync(used);
            Rise(used);
            ConnectionException reason;

            // One that was just made when the stop came is seen by nobody else.
            using (_stopToken.UnsafeRegister(static given => ((BrokerLink)given!).Abandon(), used))
                reason = await used.Ended.ConfigureAwait(false);
            Fall(reason);
            await publishing.ConfigureAwait(false);
            _outbox.Return(used);
            _inbox.Clear();
            used.Abandon();
            if (_isStopping)
                return;
            if (_logger is not null)
                RabbitMQLog.Lost(_logger, _name, reason.Cause);
        }
    }

    private void Rise(BrokerLink link)
    {
        TaskCompletionSource up;
        lock (_lock)
        {
            // The first one may be received by before this: two receivers would mix the order up.
            if (_link != link)
                _isReceiving = false;
            _link = link;
            Outage = null;
            if (_isWanted && !_isReceiving)
                StartReceiving(link);
            up = _up;
            _up = NewSource();
        }

        up.TrySetResult();
    }

    private void Fall(ConnectionException reason)
    {
        lock (_lock)
        {
            _link = null;
            Outage = reason;
            _lost = Stopwatch.GetTimestamp();
        }
    }

    private async Task<BrokerLink?> ConnectAgainAsync()
    {
        for (int failures = 0; ; failures++)
        {
            TimeSpan pause = ConnectRetry.Pause(FirstPause, failures);
            try
            {
                await Task.Delay(pause, _stopToken).ConfigureAwait(false);
                BrokerLink link = await _connector.ReconnectAsync(_stopToken).ConfigureAwait(false);
                if (_logger is not null)
                    RabbitMQLog.Back(_logger, _name, Stopwatch.GetElapsedTime(_lost).TotalSeconds);
                return link;
            }
            catch (OperationCanceledException)
            {
                return null;
            }
            catch (ConnectionException failure)
            {
                Outage = failure;
                if (_logger is not null)
                    RabbitMQLog.TryFailed(_logger, _name, failures + 1, failure.Cause, (long)ConnectRetry.Pause(FirstPause, failures + 1).TotalMilliseconds);
                TimeSpan limit = failure.Reason is Reason.Denied or Reason.NotFound or Reason.Untrusted ? _options.CallTimeout : _options.MaxOutage;
                if (limit != Timeout.InfiniteTimeSpan && Stopwatch.GetElapsedTime(_lost) >= limit)
                    Tell(failure);
            }
        }
    }

    /// <summary>Those who wait without a limit of their own have waited long enough.</summary>
    private void Tell(ConnectionException failure)
    {
        TaskCompletionSource up;
        lock (_lock)
        {
            up = _up;
            _up = NewSource();
        }

        up.TrySetException(new ConnectionException(Step.Send, failure.Reason, _connector.Queue, failure.Cause, failure.ErrorNumber, failure));
        _inbox.Fail(new ConnectionException(Step.Receive, failure.Reason, _connector.Queue, failure.Cause, failure.ErrorNumber, failure));
    }

    private void StartReceiving(BrokerLink link)
    {
        _isReceiving = true;
        _ = Task.Run(() => ReceiveAsync(link));
    }

    // After an outage the broker may need a while until its queues are back.
    private async Task ReceiveAsync(BrokerLink link)
    {
        for (int failures = 0; ; failures++)
        {
            ConnectionException reason;
            try
            {
                ReceivingChannel receiving = await ReceivingChannel.OpenAsync(link, _inbox, _connector.Queue, _options).ConfigureAwait(false);
                reason = await (await Task.WhenAny(receiving.Ended, link.Ended).ConfigureAwait(false)).ConfigureAwait(false);
                failures = 0;
                _inbox.Clear();
            }
            catch (ConnectionException failure)
            {
                reason = BrokerFailure.Of(failure, Step.Receive, _connector.Queue);
            }

            if (link.HasEnded)
                return;
            if (_logger is not null)
                RabbitMQLog.ReceivingEnded(_logger, _name, reason.Cause);
            if (_lost == 0 || (_options.CallTimeout != Timeout.InfiniteTimeSpan && Stopwatch.GetElapsedTime(_lost) >= _options.CallTimeout))
            {
                // Whoever receives next tries again.
                lock (_lock)
                    _isReceiving = false;
                _inbox.Fail(reason);
                return;
            }

            try
            {
                await Task.Delay(ConnectRetry.Pause(FirstPause, failures), link.EndToken).ConfigureAwait(false);
            }
            catch (OperationCanceledException)
            {
                return;
            }
        }
    }
}
