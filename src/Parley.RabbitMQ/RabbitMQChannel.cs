using System.Net;

namespace Parley.RabbitMQ;

/// <summary>A queue of a broker, to send to and to receive from.</summary>
internal sealed partial class RabbitMQChannel : MessageChannel
{
    private readonly AmqpEndPoint _queue;
    private readonly RabbitMQOptions _options;
    private readonly TimeSpan _closeTimeout;
    private readonly Outbox _outbox;
    private readonly Inbox _inbox;
    private readonly LinkKeeper _keeper;
    private readonly Action _wantMessages;
    private readonly CancellationTokenSource _closing = new();
    private readonly CancellationToken _closingToken;
    private long _messagesReceived;
    private long _bytesReceived;
    private int _disposed;

    internal RabbitMQChannel(BrokerConnector connector, BrokerLink link, RabbitMQOptions options, MessageChannelOptions channelOptions)
    {
        _queue = connector.Queue;
        _options = options;
        _closeTimeout = channelOptions.CloseTimeout;
        _closingToken = _closing.Token;
        MaxMessageSize = channelOptions.MaxMessageSize;
        _outbox = new Outbox(_queue, options.ConfirmWindow);
        _inbox = new Inbox(_queue);
        _keeper = new LinkKeeper(connector, _outbox, _inbox, options, channelOptions.LoggerFactory);
        _wantMessages = _keeper.WantMessages;
        _keeper.Start(link);
    }

    public override EndPoint? LocalEndPoint => _queue;

    public override EndPoint? RemoteEndPoint => _queue;

    public override int MaxMessageSize { get; }

    public override int MaxPriority => _options.MaxPriority;

    public override MessageStatistics Statistics
    {
        get
        {
            (long messages, long bytes) = _outbox.Sent;
            return new MessageStatistics(Interlocked.Read(ref _messagesReceived), messages, Interlocked.Read(ref _bytesReceived), bytes, Truncated: 0);
        }
    }

    public override async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0)
            return;
        _outbox.Refuse(Disposed(Step.Send));
        _inbox.Close(Disposed(Step.Receive));
        using var deadline = new CancellationTokenSource();
        if (_closeTimeout != Timeout.InfiniteTimeSpan)
            deadline.CancelAfter(_closeTimeout);
        await _closing.CancelAsync().ConfigureAwait(false);
        try
        {
            await _outbox.WaitUntilEmptyAsync(deadline.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            // What is left is told below.
        }

        _outbox.Close(_keeper.Outage ?? new ConnectionException(Step.Send, Reason.TimedOut, _queue, $"the broker has not confirmed it within {_closeTimeout.TotalSeconds:0.###} s"));

        // The broker, too, gets its time to hear the last acknowledgements.
        await _keeper.StopAsync(_closeTimeout == Timeout.InfiniteTimeSpan ? TimeSpan.FromDays(1) : _closeTimeout).ConfigureAwait(false);
        _keeper.Dispose();
        _closing.Dispose();
        _outbox.ThrowIfLost();
    }

    private ConnectionException Disposed(Step step) => new(step, Reason.Aborted, _queue, "the channel was disposed");
}
