using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;
using RabbitMQ.Client;

namespace Parley.RabbitMQ;

/// <summary>
/// One connection to the broker, from its making to its end; it never comes back. The client's calls may hang when a broker goes: nobody waits for one longer than for the connection's end,
/// or for his own.
/// </summary>
[SuppressMessage("Design", "CA1001", Justification = "The source of the end has no timer and no parent: it holds nothing of the system's.")]
internal sealed class BrokerLink
{
    private readonly IConnection _connection;
    private readonly ConcurrentBag<BrokerSocket> _sockets;
    private readonly AmqpEndPoint _queue;
    private readonly RabbitMQOptions _options;
    private readonly TaskCompletionSource<ConnectionException> _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly CancellationTokenSource _end = new();
    private readonly CancellationToken _endToken;
    private int _abandoned;

    internal BrokerLink(IConnection connection, ConcurrentBag<BrokerSocket> sockets, AmqpEndPoint queue, RabbitMQOptions options)
    {
        _connection = connection;
        _sockets = sockets;
        _queue = queue;
        _options = options;
        _endToken = _end.Token;
        connection.ConnectionShutdownAsync += (_, reason) =>
        {
            // Where this side closes, that is its beginning: what was said before still goes.
            if (reason.Initiator != ShutdownInitiator.Application)
                EndWith(BrokerFailure.Of(reason, Step.Connect, queue));
            return Task.CompletedTask;
        };
    }

    /// <summary>Completed with the reason once it is over.</summary>
    internal Task<ConnectionException> Ended => _ended.Task;

    internal bool HasEnded => _ended.Task.IsCompleted;

    internal CancellationToken EndToken => _endToken;

    /// <summary>Where messages are sent.</summary>
    internal IChannel? Publishing { get; private set; }

    /// <summary>It is no longer of use.</summary>
    internal void EndWith(ConnectionException reason)
    {
        if (!_ended.TrySetResult(reason))
            return;

        // Not in the client's own thread: what waits for this goes on elsewhere.
        _ = Task.Run(_end.Cancel);
    }

    internal async Task OpenPublishingAsync(CancellationToken cancellationToken)
    {
        IChannel channel = await OpenChannelAsync(new CreateChannelOptions(publisherConfirmationsEnabled: true, publisherConfirmationTrackingEnabled: false), cancellationToken).ConfigureAwait(false);
        channel.ChannelShutdownAsync += (_, reason) =>
        {
            if (reason.Initiator != ShutdownInitiator.Application)
                EndWith(BrokerFailure.Of(reason, Step.Send, _queue));
            return Task.CompletedTask;
        };
        Publishing = channel;
    }

    /// <exception cref="ConnectionException">There is no such queue, or this user may not use it.</exception>
    internal async Task CheckQueueAsync(string name, CancellationToken cancellationToken)
    {
        await OpenPublishingAsync(cancellationToken).ConfigureAwait(false);
        await CallAsync(Step.Open, stop => Publishing!.QueueDeclarePassiveAsync(name, stop), cancellationToken).ConfigureAwait(false);
    }

    internal Task<IChannel> OpenChannelAsync(CreateChannelOptions? options, CancellationToken cancellationToken)
        => CallAsync(Step.Open, stop => _connection.CreateChannelAsync(options, stop), cancellationToken);

    internal Task CallAsync(Step step, Func<CancellationToken, Task> call, CancellationToken cancellationToken) => CallAsync(step, async stop =>
    {
        await call(stop).ConfigureAwait(false);
        return true;
    }, cancellationToken);

    /// <summary>Asks the client for something, and waits as long as the connection is there, the time is not over and the caller waits.</summary>
    internal async Task<T> CallAsync<T>(Step step, Func<CancellationToken, Task<T>> call, CancellationToken cancellationToken)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, _endToken);
        Task<T>? running = null;
        try
        {
            running = call(stop.Token);
            return await running.WaitAsync(_options.CallTimeout, stop.Token).ConfigureAwait(false);
        }
        catch (Exception failure) when (BrokerFailure.IsExpected(failure))
        {
            _ = running?.ContinueWith(static late => _ = late.Exception, CancellationToken.None, TaskContinuationOptions.OnlyOnFaulted | TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
            cancellationToken.ThrowIfCancellationRequested();
            throw HasEnded && failure is OperationCanceledException ? BrokerFailure.Of(await _ended.Task.ConfigureAwait(false), step, _queue) : BrokerFailure.Of(failure, step, _queue);
        }
    }

    /// <summary>Ends it so that the broker has what was said, if it takes that within the time.</summary>
    internal async Task CloseAsync(TimeSpan timeout)
    {
        try
        {
            if (!HasEnded)
                await _connection.CloseAsync(Constants.ReplySuccess, "closed", timeout, abort: false).WaitAsync(timeout).ConfigureAwait(false);
        }
        catch (Exception expected) when (BrokerFailure.IsExpected(expected))
        {
            // It is over all the same: what was not acknowledged is delivered again.
        }

        EndWith(new ConnectionException(Step.Close, Reason.Aborted, _queue, "the channel was disposed"));
        Abandon();
    }

    /// <summary>Gives it up without waiting for anything.</summary>
    internal void Abandon()
    {
        if (Interlocked.Exchange(ref _abandoned, 1) != 0)
            return;
        EndWith(new ConnectionException(Step.Close, Reason.Aborted, _queue, "the connection was given up"));
        foreach (BrokerSocket socket in _sockets)
            socket.Dispose();
        _ = Task.Run(LetGoAsync);
    }

    private async Task LetGoAsync()
    {
        try
        {
            await _connection.DisposeAsync().ConfigureAwait(false);
        }
        catch (Exception expected) when (BrokerFailure.IsExpected(expected) || expected is InvalidOperationException)
        {
            // Its socket is closed: there is nothing that it could hold, or lose.
        }
    }
}
