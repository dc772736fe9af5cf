using System.CommandLine;
using System.Net;
using Parley.Cli.Joining;
using Parley.Cli.Output;

namespace Parley.Cli.Commands;

/// <summary><c>parley listen</c>: accepts one client and joins it to standard input and output.</summary>
internal static class ListenCommand
{
    internal static Command Build()
    {
        Argument<string> endPoint = EndPointArgument.Required("ENDPOINT", "Where to listen");
        var flow = new FlowOptions();
        Option<TimeSpan?> timeout = TimeOption.Create("--timeout", "Give up when no client came for so long (default: never)");
        var transfer = new TransferSettings();
        Option<bool> follow = FollowOption.Create();
        Option<int?> ringSize = RingSizeOption.Create();
        var listener = new ListenerSettings(oneClient: true);
        var tls = new TlsSettings(listens: true);
        var verbosity = new Verbosity();
        var command = new Command("listen", "Accept one client and join it to standard input and output: the first with whom a byte is exchanged, or that says it has nothing to say (over TCP, one that says nothing at all counts as a port probe and is let go), of a FIFO the first that opens it") { endPoint, timeout, follow, ringSize };
        transfer.AddTo(command);
        flow.AddTo(command);
        listener.AddTo(command);
        tls.AddTo(command);
        verbosity.AddTo(command);
        HelpWithExamples.Attach(command, """
            parley listen tcp://127.0.0.1:0 > received     take what one client sends
            parley listen unix:/tmp/out.sock < file        give a file to one client
            parley listen fifo:/tmp/in --receive-only      take what one writer says
            """);
        command.SetAction(async (parsed, _) =>
        {
            EndPoint local = listener.GetLocal(parsed, endPoint);
            Flow ways = flow.Get(parsed);
            ConnectionDirection direction = OneWay.Direction(local, ways);
            OneWay.CheckFollow(parsed.GetValue(follow), local, direction);
            tls.Check(parsed, local, remote: null);
            if (verbosity.IsDryRun(parsed))
            {
                StandardError.WriteLine($"would listen on {ParleyEndPoint.Format(local)} and join one client to standard input and output");
                return ExitCode.Done;
            }

            ListenerOptions options = listener.Get(parsed, local, verbosity.Observer(parsed), Timeout.InfiniteTimeSpan);
            options.Tls = tls.ForListener(parsed, local, hasTarget: false, verbosity.IsQuiet(parsed));
            AccessSettings.CheckCertificates(options);
            options.Direction = direction;
            options.RingSize = RingSizeOption.Get(parsed, ringSize, local);
            options.FollowWriters = parsed.GetValue(follow);
            using var interruption = new Interruption(outlivesHangUp: options.Tls?.CertificateFile is not null);
            EndPoint where = local;
            ConnectionListener? listening = null;
            var conversation = new StandardConversation(verbosity.IsVerbose(parsed), transfer.ShowsProgress(parsed, verbosity), ways);
            await using StatisticsSignal statistics = conversation.TellOnSignal(() => where, () => listening?.Statistics ?? default);
            await using ConnectionListener bound = await ConnectionListener.BindAsync(local, options, interruption.Token);
            listening = bound;
            where = bound.LocalEndPoint;
            verbosity.SayListening(parsed, bound.LocalEndPoint);
            Connection standard = await StandardConversation.OpenStandardStreamsAsync(interruption.Token);
            var search = new ClientSearch(bound, standard, ways, transfer.RateLimit(parsed));
            Connection client = await search.FindAsync(parsed.GetValue(timeout).Infinite(), interruption.Token);
            await conversation.RunAsync(standard, client, interruption.Token);
            return ExitCode.Done;
        });
        return command;
    }
}
