using System.Net;
using Parley.Cli.Output;

namespace Parley.Cli.Serving;

/// <summary>Accepts clients and serves each beside the others, until a signal or, with <c>--once</c>, until one was served.</summary>
internal sealed class Server(Service service, bool verbose, bool once, TimeSpan drainTimeout, long? rateLimit) : IDisposable
{
    // A system takes less than this for a program that reads nothing.
    private const long MostUnread = 1024 * 1024;

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
        using var interruption = new Interruption(outlivesHangUp: options.Tls?.CertificateFile is not null);
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
            int cut = await _conversations.DrainAsync(isFinished ? service.LongestLeave : drainTimeout, _cut);
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
        if (service.FatalExitCode is null && (_cut.IsCancellationRequested || !WasServed(client, failure)))
            return;
        _exitCode = service.FatalExitCode ?? ExitCodeOf(failure);
        await _listener!.StopAsync();
    }

    /// <summary>
    /// Whether it was a client, however it ended. Who says nothing and breaks off has only looked: what it was sent its system took for it. But
    /// neither takes its system much, nor does such a one end what was broken off behind it.
    /// </summary>
    private bool WasServed(Connection client, Exception? failure)
    {
        ConnectionStatistics moved = client.Statistics;
        if (failure is null)
            return service.WasServed(moved) || client.HasHalfClosed;
        if (moved.BytesReceived > 0)
            return true;
        var broken = failure as ConnectionException;
        bool isOwn = broken?.EndPoint is null || broken.EndPoint.Equals(client.RemoteEndPoint ?? client.LocalEndPoint);
        return moved.BytesSent - (broken?.UndeliveredBytes ?? 0) > (isOwn ? MostUnread : 0);
    }

    private int ExitCodeOf(Exception? failure)
    {
        if (failure is null)
            return ExitCode.Done;
        if (failure is not ConnectionException broken)
            return ExitCode.Failed;
        return service.ReportsFailures ? ExitCode.Of(broken) : Failure.Report(broken);
    }
}
