using System.Net;
using Parley.Cli.Output;

namespace Parley.Cli.Serving;

/// <summary>
/// The server of clients that carry messages by themselves: serves each beside the others, until a signal, until no more are wanted or, with
/// <c>--once</c>, until one was served.
/// </summary>
internal sealed class ChannelServer(ChannelService service, bool verbose, bool once, TimeSpan drainTimeout) : IDisposable
{
    private readonly CancellationTokenSource _cut = new();
    private readonly HashSet<MessageChannel> _open = [];
    private readonly TaskCompletionSource _empty = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Lock _lock = new();
    private MessageChannelListener? _listener;
    private Traffic _over;
    private bool _isStopped;

    /// <summary>Serves.</summary>
    /// <param name="local">Where.</param>
    /// <param name="options">How messages are carried.</param>
    /// <param name="clients">How clients are accepted, and how long they are waited for.</param>
    /// <param name="ready">Told the address when clients can connect.</param>
    /// <param name="progress">Whether to show what moves.</param>
    /// <returns>The exit code.</returns>
    internal async Task<int> RunAsync(EndPoint local, MessageChannelOptions options, ListenerOptions clients, Action<EndPoint> ready, bool progress)
    {
        // A client that is not wanted any more is left at once: nothing is said to it that it would have to take.
        clients.CloseTimeout = TimeSpan.FromMilliseconds(1);
        options.Listener = clients;
        using var interruption = new Interruption();
        await using var statistics = new StatisticsSignal(() => service.Place(local), Traffic);
        await using MessageChannelListener listener = await MessageChannelListener.BindAsync(local, options, interruption.Token);
        _listener = listener;
        using CancellationTokenRegistration stop = interruption.Token.Register(() => listener.StopAsync().AsTask());
        using CancellationTokenRegistration finish = service.Finished.Register(() => listener.StopAsync().AsTask());
        ready(listener.LocalEndPoint);

        await using (Progress.Start(progress, Traffic, expected: null))
        {
            while (await listener.AcceptAsync() is { } client)
            {
                lock (_lock)
                    _open.Add(client);
                _ = ServeAsync(client);
            }

            bool isFinished = service.Finished.IsCancellationRequested;
            int cut = await DrainAsync(isFinished ? TimeSpan.Zero : drainTimeout);
            if (isFinished || service.FatalExitCode is not null)
                return service.FatalExitCode ?? ExitCode.Done;
            if (cut > 0)
            {
                Conversation.ReportCut(cut, drainTimeout);
                return ExitCode.Failed;
            }
        }

        return ExitCode.Done;
    }

    public void Dispose() => _cut.Dispose();

    private Traffic Traffic()
    {
        lock (_lock)
        {
            return (_over with
            {
                Open = _open.Count,
                Sent = _over.Sent + _open.Sum(static client => client.Statistics.BytesSent),
                Received = _over.Received + _open.Sum(static client => client.Statistics.BytesReceived),
            }).With(_listener?.Statistics);
        }
    }

    // Nothing that one client does may end the loop above: every failure of a conversation ends here.
    private async Task ServeAsync(MessageChannel client)
    {
        Exception? failure = null;
        try
        {
            await service.ServeAsync(client, client.RemoteEndPoint ?? client.LocalEndPoint, _cut.Token);
        }
        catch (Exception broken)
        {
            failure = broken;
        }

        try
        {
            await client.DisposeAsync();
        }
        catch (Exception undelivered)
        {
            failure ??= undelivered;
        }

        MessageStatistics moved = client.Statistics;
        bool wasServed = failure is null && moved.MessagesReceived > 0;
        if (verbose)
            Report(moved, failure);
        else if (failure is not null and not ConnectionException and not OperationCanceledException)
            StandardError.WriteLine("parley: cannot serve a client: " + PlainText.OneLine(failure.Message));
        if (once && (wasServed || service.FatalExitCode is not null))
            await _listener!.StopAsync();
        Remove(client, moved);
    }

    private void Remove(MessageChannel client, MessageStatistics moved)
    {
        lock (_lock)
        {
            _open.Remove(client);
            _over = _over with { Served = _over.Served + 1, Sent = _over.Sent + moved.BytesSent, Received = _over.Received + moved.BytesReceived };
            if (_isStopped && _open.Count == 0)
                _empty.TrySetResult();
        }
    }

    private static void Report(MessageStatistics moved, Exception? failure)
    {
        string end = failure switch
        {
            null => "ended",
            ConnectionException broken => "broken off: " + broken.Cause,
            OperationCanceledException => "interrupted",
            _ => "broken off by us: " + failure.Message,
        };
        StandardError.WriteLine($"a client: {Units.Count(moved.MessagesReceived, "message")} in, {Units.Count(moved.BytesReceived, "byte")}, {PlainText.OneLine(end)}");
    }

    /// <returns>How many had to be broken off because the time was over.</returns>
    private async Task<int> DrainAsync(TimeSpan timeout)
    {
        lock (_lock)
        {
            _isStopped = true;
            if (_open.Count == 0)
                return 0;
        }

        try
        {
            await _empty.Task.WaitAsync(timeout);
            return 0;
        }
        catch (TimeoutException)
        {
            int rest;
            lock (_lock)
                rest = _open.Count;
            await _cut.CancelAsync();
            await _empty.Task;
            return rest;
        }
    }
}
