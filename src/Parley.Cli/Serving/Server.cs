using System.Net;
using Parley.Cli.Output;

namespace Parley.Cli.Serving;

/// <summary>Accepts clients and serves each beside the others, until a signal or, with <c>--once</c>, until one was served.</summary>
internal sealed class Server(Service service, bool verbose, bool once, TimeSpan drainTimeout, long? rateLimit) : IDisposable
{
    private readonly Conversations _conversations = new();
    private readonly CancellationTokenSource _cut = new();
    private ConnectionListener? _listener;
    private int _exitCode = ExitCode.Done;

    /// <summary>Serves.</summary>
    /// <param name="local">Where.</param>
    /// <param name="options">How.</param>
    /// <param name="ready">Told the address when clients can connect.</param>
    /// <param name="progress">Whether to show what moves.</param>
    /// <returns>The exit code.</returns>
    internal async Task<int> RunAsync(EndPoint local, ListenerOptions options, Action<EndPoint> ready, bool progress)
    {
        using var interruption = new Interruption();
        await using var statistics = new StatisticsSignal(() => service.Place(_listener?.LocalEndPoint ?? local), Traffic);
        await using ConnectionListener listener = await ConnectionListener.BindAsync(local, options, interruption.Token);
        _listener = listener;
        using CancellationTokenRegistration stop = interruption.Token.Register(() => listener.StopAsync().AsTask());
        using CancellationTokenRegistration finish = service.Finished.Register(() => listener.StopAsync().AsTask());
        ready(listener.LocalEndPoint);

        await using (Progress.Start(progress, Traffic, once ? service.Size : null))
        {
            while (await AcceptAsync(listener) is { } accepted)
            {
                Connection client = rateLimit is long rate ? accepted.LimitRate(rate) : accepted;
                _conversations.Add(client);
                _ = ServeAsync(client);
            }

            bool isFinished = service.Finished.IsCancellationRequested;
            int cut = await _conversations.DrainAsync(isFinished ? TimeSpan.Zero : drainTimeout, _cut);
            if (isFinished)
                return service.FatalExitCode ?? ExitCode.Done;
            if (cut > 0)
            {
                Conversation.ReportCut(cut, drainTimeout);
                return ExitCode.Failed;
            }
        }

        return _exitCode;
    }

    public void Dispose() => _cut.Dispose();

    // Whoever is told of each client, or holds it back, needs a connection for each.
    private bool LeavesReplies => service.Reply is not null && !verbose && !once && rateLimit is null;

    private ValueTask<Connection?> AcceptAsync(ConnectionListener listener)
        => LeavesReplies ? listener.AcceptAndReplyAsync(service.Reply!.Value) : listener.AcceptAsync();

    private Traffic Traffic()
    {
        Traffic moved = _conversations.Traffic();
        AnsweredClients answered = _listener?.Answered ?? default;
        return (moved with
        {
            Served = moved.Served + answered.Count,
            Sent = moved.Sent + answered.BytesSent,
            Received = moved.Received + answered.BytesReceived,
        }).With(_listener?.Statistics);
    }

    // Nothing that one client does may end the loop above: every failure of a conversation ends here.
    private async Task ServeAsync(Connection client)
    {
        EndPoint? peer = verbose ? client.RemoteEndPoint : null;
        Exception? failure = null;
        try
        {
            if (!LeavesReplies)
                await service.ServeAsync(client, _cut.Token);
        }
        catch (Exception broken)
        {
            failure = broken;
        }

        try
        {
            if (failure is not null && service.ResetsOnFailure)
                client.Abort(failure);
            await client.DisposeAsync();
        }
        catch (Exception undelivered)
        {
            failure ??= undelivered;
        }
        finally
        {
            _conversations.Remove(client);
        }

        if (verbose)
            Conversation.Report(peer, client.Statistics, failure);
        else if (failure is not null and not ConnectionException)
            StandardError.WriteLine("parley: cannot serve a client: " + PlainText.OneLine(failure.Message));
        if (once)
            await EndIfServedAsync(client, failure);
    }

    private async ValueTask EndIfServedAsync(Connection client, Exception? failure)
    {
        if (service.FatalExitCode is null && (failure is not null || !service.WasServed(client.Statistics)))
            return;
        _exitCode = service.FatalExitCode ?? ExitCode.Done;
        await _listener!.StopAsync();
    }
}
