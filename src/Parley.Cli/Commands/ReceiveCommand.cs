using System.CommandLine;
using System.Net;
using Parley.Cli.Joining;
using Parley.Cli.Messages;
using Parley.Cli.Output;
using Parley.Cli.Serving;

namespace Parley.Cli.Commands;

/// <summary><c>parley receive</c>: prints messages as they come.</summary>
internal static class ReceiveCommand
{
    private static readonly TimeSpan LongestDelivery = TimeSpan.FromSeconds(5);

    internal static Command Build(ProgramWords program)
    {
        Argument<string> endPoint = EndPointArgument.Required("ENDPOINT", "Where from", MessageSettings.Forms + EndPointArgument.Program);
        var messages = new MessageSettings("how messages are told apart on standard output says --output");
        Option<int?> count = NumberOption.Create("--count", "End after so many messages (default: never)", 1);
        var noWait = new Option<bool>("--no-wait") { Description = "Take what is there and end; exit code 4 when nothing is" };
        Option<TimeSpan?> timeout = TimeOption.Create("--timeout", "End with exit code 4 when no message came for so long (default: never)");
        Option<OutputForm?> form = WordOption.Create(
            "--output",
            "How messages are told apart on standard output: a line feed (default) or a zero byte after each, the length before each, or not at all",
            ("line", OutputForm.Line),
            ("nul", OutputForm.Nul),
            ("len32", OutputForm.Len32),
            ("raw", OutputForm.Raw));
        var json = new Option<bool>("--json") { Description = "One JSON object a line: priority, size, time, peer, and the text, or base64 where it is none" };
        var connect = new Option<bool>("--connect") { Description = "Connect to a stream's endpoint instead of listening on it" };
        Option<int?> retry = RetryOption.Create("With --connect, from a queue or a FIFO: try so many times more, with growing pauses, when nobody, or no queue, is there (default 0); -v tells of each");
        Option<bool> follow = FollowOption.Create();
        Option<IPAddress?> group = AddressOption.Create("--multicast-group", "Join a multicast group (UDP); several programs of this machine may, at one port, and each receives all of it");
        var listener = new ListenerSettings();
        var broker = new BrokerSettings();
        var verbosity = new Verbosity("Say how many messages were received, and what each client of a stream said");
        var command = new Command("receive", "Print messages as they come; a stream's endpoint is listened on, for any number of clients")
        {
            endPoint, count, noWait, timeout, form, json, connect, retry, follow, group,
        };
        messages.AddTo(command);
        broker.AddTo(command);
        listener.AddTo(command);
        verbosity.AddTo(command);
        HelpWithExamples.Attach(command, """
            parley receive mq:/orders                        every message, until Ctrl+C
            parley receive mq:/orders --count 1 --timeout 5  the next one, if it comes within 5 s
            parley receive mq:/orders --no-wait --json       what is there now, for programs
            parley receive mq:/images --count 1 --output raw > image.png
            parley receive udp://0.0.0.0:9000 --multicast-group 239.1.2.3
            parley receive tcp://127.0.0.1:7000 --frame len32 --output nul | xargs -0 -n 1 echo
            parley receive shm:orders                        what clients send through shared memory
            parley receive 'amqp://host?queue=orders'        each is the broker's until it is printed
            parley receive exec: --frame line -- tail -f log what a program says, line by line
            """);
        command.SetAction(async (parsed, _) =>
        {
            EndPoint source = EndPointArgument.GetForMessages(parsed, endPoint, program, "parley receive exec: --frame line -- ls");
            MessageFraming framing = messages.Framing(parsed, source);
            bool connects = parsed.GetValue(connect) || source is FifoEndPoint or ProcessEndPoint;
            bool listens = MessageSettings.HasClients(source, framing) && !connects;
            if (parsed.GetValue(connect) && MessageSettings.CarriesMessages(source))
                throw new UsageException($"--connect is for a stream; {ParleyEndPoint.Format(source)} has no connections");
            if (parsed.GetValue(group) is not null && source is not UdpEndPoint)
                throw new UsageException($"--multicast-group is for UDP, not for {ParleyEndPoint.Format(source)}");
            if (parsed.GetValue(group) is { } joined && source is UdpEndPoint { Address: IPEndPoint at } && at.AddressFamily != joined.AddressFamily)
                throw new UsageException($"--multicast-group: {joined} and {ParleyEndPoint.Format(source)} are of two families; one of IPv6 is received at udp://[::]:PORT");
            if (parsed.GetValue(noWait) && (listens || parsed.GetValue(timeout) is not null))
                throw new UsageException(listens ? "--no-wait: nothing can be there before a client comes; --timeout waits for one" : "--no-wait and --timeout: say one of the two");
            if (parsed.GetValue(json) && parsed.GetValue(form) is not null)
                throw new UsageException("--json and --output: say one of the two");
            RetryOption.Check(parsed, retry, source, listens, "--connect connects instead");
            OneWay.CheckFollow(parsed.GetValue(follow), source, ConnectionDirection.ReceiveOnly);
            if (listens)
                listener.Check(parsed, source);
            else
                listener.RefuseAll(parsed, source);
            broker.Use(parsed, source, count: parsed.GetValue(count));
            AccessRules? rules = listener.GetAccess(parsed, source);
            if (verbosity.IsDryRun(parsed))
            {
                StandardError.WriteLine($"would {(listens ? "listen on" : connects ? "connect to" : "receive on")} {ParleyEndPoint.Format(source)} and print messages");
                return ExitCode.Done;
            }

            MessageChannelOptions options = messages.Get(parsed, source, framing, verbosity.Observer(parsed), verbosity.IsVerbose(parsed));
            options.RetryCount = parsed.GetValue(retry) ?? 0;
            options.MulticastGroup = parsed.GetValue(group);
            options.AccessRules = rules;
            options.FollowWriters = parsed.GetValue(follow);
            options.Direction = OneWay.Is(source) || source is MessageQueueEndPoint ? ConnectionDirection.ReceiveOnly : ConnectionDirection.Both;
            Failure.IsReceiving = true;
            Failure.OtherSide = where => $"parley send {where}{MessageSettings.Words(framing)} --listen";
            Connection standard = await StandardConversation.OpenStandardStreamsAsync(CancellationToken.None);
            var printer = new MessagePrinter(standard, parsed.GetValue(json) ? OutputForm.Json : parsed.GetValue(form) ?? OutputForm.Line);
            using var receiver = parsed.GetValue(noWait) && source is AmqpEndPoint queue
                ? await OfBrokerNowAsync(printer, queue, parsed.GetValue(count), broker, parsed)
                : new Receiver(printer, source, parsed.GetValue(count), parsed.GetValue(timeout).Infinite(), parsed.GetValue(noWait));
            int exitCode = listens
                ? await ListenAsync(receiver, source, options, listener, parsed, verbosity)
                : await ReceiveAsync(receiver, source, options, parsed, verbosity);
            return exitCode == ExitCode.Done ? receiver.Finish() : exitCode;
        });
        return command;
    }

    // A broker sends when it likes: what is there it has to be asked, and those are waited for, unless others were faster.
    private static async Task<Receiver> OfBrokerNowAsync(MessagePrinter printer, AmqpEndPoint queue, int? count, BrokerSettings broker, ParseResult parsed)
    {
        int there = await broker.CountAsync(parsed, queue);
        return there == 0
            ? throw new ConnectionException(Step.Receive, Reason.TimedOut, queue, "no message is there")
            : new Receiver(printer, queue, Math.Min(count ?? there, there), LongestDelivery, noWait: false) { IsSilenceEnough = true };
    }

    private static async Task<int> ListenAsync(
        Receiver receiver, EndPoint source, MessageChannelOptions options, ListenerSettings listener, ParseResult parsed, Verbosity verbosity)
    {
        var service = new ReceiveService(receiver, options, verbosity.IsVerbose(parsed));
        ListenerOptions listenerOptions = listener.Get(parsed, source, options.CallObserver, Timeout.InfiniteTimeSpan);
        listenerOptions.RingSize = options.RingSize;
        int exitCode;
        if (options.Framing == MessageFraming.None)
        {
            using var server = new ChannelServer(service, verbosity.IsVerbose(parsed), once: false, listener.DrainTimeout(parsed));
            exitCode = await server.RunAsync(source, options, listenerOptions, Begin, progress: false);
        }
        else
        {
            using var server = new Server(service, verbosity.IsVerbose(parsed), once: false, listener.DrainTimeout(parsed), rateLimit: null);
            exitCode = await server.RunAsync(source, listenerOptions, Begin, progress: false);
        }

        if (verbosity.IsVerbose(parsed))
            receiver.Report();
        return exitCode == ExitCode.Done && receiver.IsUnfinished ? ExitCode.Interrupted : exitCode;

        void Begin(EndPoint bound)
        {
            verbosity.SayListening(parsed, bound);
            receiver.Start(bound);
        }
    }

    private static async Task<int> ReceiveAsync(
        Receiver receiver, EndPoint source, MessageChannelOptions options, ParseResult parsed, Verbosity verbosity)
    {
        using var interruption = new Interruption();
        SourceChannel open = await SourceChannel.OpenAsync(source, options, interruption.Token);
        try
        {
            EndPoint bound = source is UdpEndPoint ? open.Channel.LocalEndPoint ?? source : source;
            if (source is UdpEndPoint)
                verbosity.SayListening(parsed, bound);
            receiver.Start(bound);
            await receiver.RunAsync(open.Channel, open.Peer, interruption.Token);
        }
        catch (OperationCanceledException) when (interruption.Token.IsCancellationRequested && !receiver.IsUnfinished)
        {
            // Without a number of messages to wait for, a signal is how it ends.
        }
        finally
        {
            if (verbosity.IsVerbose(parsed))
                receiver.Report();
        }

        return await open.EndAsync(receiver.Over.IsCancellationRequested) ?? ExitCode.Done;
    }
}
