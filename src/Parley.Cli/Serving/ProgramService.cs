using Parley.Cli.Joining;
using Parley.Cli.Output;

namespace Parley.Cli.Serving;

/// <summary>Starts a program for each client, and joins both.</summary>
internal sealed class ProgramService : Service
{
    private readonly ProcessEndPoint _program;
    private readonly ConnectionOptions _options;
    private readonly bool _verbose;

    // The first program that failed by itself: a server of one client ends as that one did.
    private int? _fatalExitCode;

    /// <exception cref="ConnectionException">There is no such program: better said now than to the first client.</exception>
    internal ProgramService(ProcessEndPoint program, ConnectionOptions options, bool verbose)
    {
        program.EnsureCanStart();
        _program = program;
        _options = options;
        _verbose = verbose;
    }

    internal override string Description => $"start {ParleyEndPoint.Format(_program)} for";

    // The relay carries a break of one side to the other by itself, and leaves alone a side that still has something to get.
    internal override bool ResetsOnFailure => false;

    internal override int? FatalExitCode => _fatalExitCode;

    internal override bool WasServed(ConnectionStatistics statistics) => statistics.BytesSent + statistics.BytesReceived > 0;

    internal override async ValueTask ServeAsync(Connection client, CancellationToken cancellationToken)
    {
        Connection child = await StartAsync(client, cancellationToken);
        ConnectionException? failure;
        long unread;
        bool isOurs;

        // The client is broken off by the server; the program gets its end at the same time, and then the signals.
        await using (cancellationToken.Register(() => child.Abort()))
        {
            RelayResult result = await ConnectionRelay.JoinAsync(client, child, CancellationToken.None);
            failure = Judge(result);
            isOurs = failure is null or { EndPoint: ProcessEndPoint };
            if (!isOurs)
                child.Abort(failure);
            ConnectionException? undelivered = await EndAsync(child);
            unread = Math.Max(Unread(result.FirstToSecondFailure), Unread(undelivered));
            if (undelivered is not null && !ChildProgram.HasReadEnough(undelivered))
                failure ??= undelivered;
        }

        if (_verbose)
            ChildProgram.ReportExit(child, unread);
        if (isOurs && !cancellationToken.IsCancellationRequested)
            NoteExit(child, failure);
        if (failure is not null)
            throw failure;
    }

    private static async ValueTask<ConnectionException?> EndAsync(Connection child)
    {
        try
        {
            await child.DisposeAsync();
            return null;
        }
        catch (ConnectionException undelivered)
        {
            return undelivered;
        }
    }

    private static long Unread(ConnectionException? failure) => failure is { EndPoint: ProcessEndPoint } ? failure.UndeliveredBytes : 0;

    /// <summary>A client to whom nothing can be said any more is gone; a program that hears no more has made up its mind.</summary>
    private static ConnectionException? Judge(RelayResult result)
    {
        if (result.SecondToFirstFailure is { } talking)
            return talking;
        return result.FirstToSecondFailure is { } hearing && !ChildProgram.HasReadEnough(hearing) ? hearing : null;
    }

    private void NoteExit(Connection child, ConnectionException? failure)
    {
        if (!child.TryGetExitCode(out int code) || code == ExitCode.Done)
            return;
        _fatalExitCode ??= code;
        if (failure is not null)
            Failure.Report(failure);
    }

    private async ValueTask<Connection> StartAsync(Connection client, CancellationToken cancellationToken)
    {
        try
        {
            return await Connection.ConnectAsync(_program, _options, cancellationToken);
        }
        catch (ConnectionException impossible)
        {
            client.Abort(impossible);
            _fatalExitCode = Failure.Report(impossible);
            throw;
        }
    }
}
