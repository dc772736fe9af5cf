using System.CommandLine;
using System.Net;
using Parley.Cli.Joining;
using Parley.Cli.Output;

namespace Parley.Cli.Commands;

/// <summary><c>parley connect</c>: the tutorial's client, and a two-way pipe to whoever listens.</summary>
internal static class ConnectCommand
{
    internal static Command Build(ProgramWords program)
    {
        Argument<string> endPoint = EndPointArgument.Optional(mayBeProgram: true);
        var flow = new FlowOptions();
        var settings = new ConnectSettings();
        var access = new AccessSettings("servers");
        var tls = new TlsSettings(connects: true);
        Option<TimeSpan?> idleTimeout = TimeOption.Create("--idle-timeout", "Break off when no byte moved for so long (default: never)");
        var transfer = new TransferSettings();
        Option<bool> follow = FollowOption.Create();
        Option<int?> ringSize = RingSizeOption.Create();
        var verbosity = new Verbosity();
        var command = new Command("connect", "Print what the peer says, and send it standard input") { endPoint, idleTimeout, follow, ringSize };
        transfer.AddTo(command);
        flow.AddTo(command);
        settings.AddTo(command);
        access.AddTo(command);
        tls.AddTo(command);
        verbosity.AddTo(command);
        HelpWithExamples.Attach(command, """
            parley connect                                  the tutorial's client
            parley connect localhost:8080 < request.txt     send a file, print the reply
            parley connect tls://example.org:443            the same, encrypted: --ca and --pin say whom to trust
            parley connect unix:@bus --allow user:bus       only if that user listens there
            parley connect unix:@chat --retry 5             wait for a server that is still starting
            parley connect tcp://127.0.0.1:5000 --trace     watch every call
            parley connect exec: --trace -- sort -u         talk to a program, and end with its exit code
            parley connect fifo:/tmp/log --receive-only     read a FIFO until its last writer ends
            parley connect fifo:/tmp/in:/tmp/out            read one, write the other
            """);
        command.SetAction(async (parsed, _) =>
        {
            EndPoint remote = EndPointArgument.GetTarget(parsed, endPoint, program);
            Flow ways = flow.Get(parsed);
            ConnectionDirection direction = OneWay.Direction(remote, ways);
            OneWay.CheckFollow(parsed.GetValue(follow), remote, direction);
            if (parsed.GetValue(follow) && settings.HasTimeout(parsed))
                throw new UsageException("--follow waits for no first writer, so --timeout has nothing to give up", "leave one of the two out");
            tls.Check(parsed, local: null, remote);
            AccessRules? rules = access.Get(parsed, remote);
            if (verbosity.IsDryRun(parsed))
            {
                StandardError.WriteLine($"would {(remote is ProcessEndPoint ? "start" : "connect to")} {ParleyEndPoint.Format(remote)} and join it to standard input and output");
                return ExitCode.Done;
            }

            ConnectionOptions options = settings.Get(parsed, verbosity.Observer(parsed), verbosity.IsVerbose(parsed));
            options.Tls = tls.ForClient(parsed, remote);
            options.AccessRules = rules;
            options.Direction = direction;
            options.RingSize = RingSizeOption.Get(parsed, ringSize, remote);
            options.FollowWriters = parsed.GetValue(follow);
            options.IdleTimeout = parsed.GetValue(idleTimeout).Infinite();
            using var interruption = new Interruption();
            var conversation = new StandardConversation(verbosity.IsVerbose(parsed), transfer.ShowsProgress(parsed, verbosity), ways);
            await using StatisticsSignal statistics = conversation.TellOnSignal(() => remote);
            Connection standard = await StandardConversation.OpenStandardStreamsAsync(interruption.Token);
            Connection peer = await Connection.ConnectAsync(remote, options, interruption.Token);
            return await RunAsync(
                conversation, standard, transfer.RateLimit(parsed) is long rate ? peer.LimitRate(rate) : peer, interruption.Token);
        });
        return command;
    }

    private static async Task<int> RunAsync(StandardConversation conversation, Connection standard, Connection peer, CancellationToken cancellationToken)
    {
        try
        {
            await conversation.RunAsync(standard, peer, cancellationToken);
        }
        catch (ConnectionException broken) when (!IsOurs(broken) && peer.TryGetExitCode(out int failed) && failed != ExitCode.Done)
        {
            Failure.Report(broken);
            return failed;
        }

        if (!peer.TryGetExitCode(out int code))
            return ExitCode.Done;

        // Nobody reads standard output any more, so the program's output was closed: that ended it, and is no failure.
        return conversation.HasLostOutput && code == ExitCode.BrokenPipeSignal ? ExitCode.Done : code;
    }

    // What this side gave up for ended the program by our signal: its exit code says nothing.
    private static bool IsOurs(ConnectionException broken)
        => broken.Reason is Reason.TimedOut or Reason.Aborted || broken.EndPoint is StandardStreamsEndPoint;
}
