using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Text.Json;
using Parley.Cli.Output;
using Parley.Cli.Tracing;

namespace Parley.Cli.Commands;

/// <summary><c>parley ping</c>: is somebody there? Connects, tells how long it took, and closes.</summary>
internal static class PingCommand
{
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(20);
    private static readonly TimeSpan LongestPause = TimeSpan.FromMilliseconds(500);

    internal static Command Build()
    {
        Argument<string> endPoint = EndPointArgument.Optional();
        Option<int?> count = NumberOption.Create("--count", "How many times (default 1)", 1);
        Option<TimeSpan?> interval = TimeOption.Create("--interval", "The pause between two times (default 1)");
        Option<TimeSpan?> wait = TimeOption.Create("--wait", "Wait up to so long until somebody is there");
        Option<TimeSpan?> timeout = TimeOption.Create("--timeout", "Give up connecting after so long (default 30)");
        var access = new AccessSettings("servers");
        var tls = new TlsSettings(connects: true);
        var json = new Option<bool>("--json") { Description = "One JSON object a line" };
        var verbosity = new Verbosity("Say who answered, at which address, and what the kernel knows of the connection");
        var command = new Command("ping", "Is it there? Connect, time it, close") { endPoint, count, interval, wait, timeout, json };
        access.AddTo(command);
        tls.AddTo(command);
        verbosity.AddTo(command);
        HelpWithExamples.Attach(command, """
            parley ping localhost:5432                     is the database there?
            parley ping unix:/run/app.sock --wait 30       wait until the server is up, then go on
            parley ping tcp://127.0.0.1:5000 --count 5     how long does connecting take?
            """);
        command.SetAction(async (parsed, _) =>
        {
            EndPoint remote = EndPointArgument.GetRemote(parsed, endPoint);
            if (remote is FifoEndPoint)
                throw new UsageException("a FIFO cannot be pinged: opening it would be taken for the other side by whoever waits there", $"look at it with: parley inspect {ParleyEndPoint.Format(remote)}");
            tls.Check(parsed, local: null, remote);
            AccessRules? rules = access.Get(parsed, remote);
            if (verbosity.IsDryRun(parsed))
            {
                StandardError.WriteLine($"would connect to {ParleyEndPoint.Format(remote)} and close");
                return ExitCode.Done;
            }

            using var interruption = new Interruption();
            var options = new ConnectionOptions
            {
                AccessRules = rules,
                ConnectTimeout = parsed.GetValue(timeout) ?? TimeSpan.FromSeconds(30),
                CallObserver = verbosity.IsVerbose(parsed) ? new HandshakeObserver(verbosity.Observer(parsed)) : verbosity.Observer(parsed),
                RunContinuationsInline = true,
                Tls = tls.ForClient(parsed, remote),
            };
            int times = parsed.GetValue(count) ?? 1;
            bool quiet = verbosity.IsQuiet(parsed);
            for (int i = 0; i < times; i++)
            {
                if (i > 0)
                    await Task.Delay(parsed.GetValue(interval) ?? TimeSpan.FromSeconds(1), interruption.Token);
                PingReply reply = i == 0 && parsed.GetValue(wait) is TimeSpan limit
                    ? await WaitAsync(remote, options, limit, interruption.Token)
                    : await ConnectAsync(remote, options, interruption.Token);
                if (!quiet)
                    Print(remote, reply.Took, parsed.GetValue(json));
                if (verbosity.IsVerbose(parsed))
                    StandardError.WriteLine(PlainText.OneLine(reply.Details()));
            }

            return ExitCode.Done;
        });
        return command;
    }

    private static async Task<PingReply> WaitAsync(EndPoint remote, ConnectionOptions options, TimeSpan limit, CancellationToken cancellationToken)
    {
        long started = Stopwatch.GetTimestamp();
        TimeSpan pause = FirstPause;
        while (true)
        {
            TimeSpan left = limit - Stopwatch.GetElapsedTime(started);
            try
            {
                if (left > TimeSpan.Zero && left < options.ConnectTimeout)
                    options.ConnectTimeout = left;
                return await ConnectAsync(remote, options, cancellationToken);
            }
            catch (ConnectionException absent) when (absent.Reason is Reason.Refused or Reason.NotFound or Reason.TimedOut or Reason.Reset or Reason.Full or Reason.Other)
            {
                if (Stopwatch.GetElapsedTime(started) + pause >= limit)
                {
                    throw new ConnectionException(
                        Step.Connect, Reason.TimedOut, remote, $"not there within {limit.TotalSeconds:0.###} s; the last try: {absent.Cause}", absent.ErrorNumber, absent);
                }
            }

            await Task.Delay(pause, cancellationToken);
            pause = pause * 2 < LongestPause ? pause * 2 : LongestPause;
        }
    }

    private static async Task<PingReply> ConnectAsync(EndPoint remote, ConnectionOptions options, CancellationToken cancellationToken)
    {
        long started = Stopwatch.GetTimestamp();

        // A server of messages is there too, and neither kind takes who asks for a client.
        if (remote is SharedMemoryEndPoint memory)
        {
            await SharedMemoryConnectionStatus.AskAsync(memory, options, cancellationToken);
            return new PingReply(Stopwatch.GetElapsedTime(started), Local: null, remote, Peer: null, Tcp: null);
        }

        Connection connection = await Connection.ConnectAsync(remote, options, cancellationToken);
        TimeSpan took = Stopwatch.GetElapsedTime(started);
        PeerCredentials? peer = connection.TryGetPeerCredentials(out PeerCredentials credentials) ? credentials : null;
        var reply = new PingReply(
            took, connection.LocalEndPoint, connection.RemoteEndPoint, peer, (options.CallObserver as HandshakeObserver)?.Tcp);

        // A reset says that nothing was taken, as health checks do: a server that serves one client goes on waiting for it.
        connection.Abort();
        await connection.DisposeAsync();
        return reply;
    }

    private static void Print(EndPoint remote, TimeSpan took, bool json)
    {
        string where = ParleyEndPoint.Format(remote);
        string line = json
            ? $$"""{"endpoint":"{{JsonEncodedText.Encode(where, JsonText.Encoder)}}","connect_us":{{took.TotalMicroseconds.ToString("0.#", CultureInfo.InvariantCulture)}}}"""
            : $"{where}: connected in {Units.Duration(took)}";
        StandardOutput.PrintLine(line);
    }
}
