using System.CommandLine;
using System.Net;
using Parley.Cli.Messages;
using Parley.Cli.Output;
using Parley.Cli.Serving;

namespace Parley.Cli.Commands;

/// <summary><c>parley relay</c> where a side carries messages: whole messages, one way.</summary>
internal sealed class MessageRelayCommand
{
    private readonly MessageSettings _messages = new(hasRing: false);
    private readonly Option<string?> _deadLetter = new("--dead-letter")
    {
        Description = "Messages: write those that cannot be delivered to this file, as JSON lines, and go on after one that is too long for TARGET",
        HelpName = "FILE",
    };

    private readonly SpoolSettings _spool = new();

    internal void AddTo(Command command)
    {
        _messages.AddTo(command);
        command.Options.Add(_deadLetter);
        _spool.AddTo(command);
    }

    /// <summary>Whether it is messages that are to be moved.</summary>
    /// <exception cref="UsageException">It is not, but an option says so.</exception>
    internal bool IsMeant(ParseResult parsed, EndPoint source, EndPoint target)
    {
        if (MessageSettings.CarriesMessages(source) || MessageSettings.CarriesMessages(target))
            return true;

        // The frames are of the other side: what is in shared memory can be messages.
        if (source is SharedMemoryEndPoint != target is SharedMemoryEndPoint && _messages.HasFraming(parsed))
            return true;
        if (_messages.HasFraming(parsed) || parsed.GetValue(_deadLetter) is not null)
            throw new UsageException("between two streams relay moves bytes: --frame and --dead-letter are for a queue, UDP or shared memory on one side");
        _spool.RefuseAll(parsed, source);
        return false;
    }

    internal async Task<int> RunAsync(ParseResult parsed, MessageRelayPlan plan)
    {
        MessageFraming from = FramingOf(parsed, plan.Source, plan.Target);
        MessageFraming to = FramingOf(parsed, plan.Target, plan.Source);
        bool listens = MessageSettings.HasClients(plan.Source, from);
        if (!listens)
            plan.Listener.RefuseAll(parsed, plan.Source, exceptDrainTimeout: true);
        if (listens || plan.Source is AmqpEndPoint)
            _spool.RefuseAll(parsed, plan.Source);
        _spool.Check(parsed, plan);
        if (plan.IsDryRun)
        {
            StandardError.WriteLine(
                $"would move the messages of {(listens ? "each client of " : "")}{ParleyEndPoint.Format(plan.Source)} to {ParleyEndPoint.Format(plan.Target)}");
            return ExitCode.Done;
        }

        Failure.OtherSide = where => $"parley receive {where}{MessageSettings.Words(to)}";
        MessageChannelOptions options = Options(parsed, plan, plan.Target, to);
        options.ConnectTimeout = plan.ConnectTimeout;
        options.RetryCount = plan.Retries ?? 0;
        options.Direction = OneWay.Is(plan.Target) || plan.Target is MessageQueueEndPoint ? ConnectionDirection.SendOnly : ConnectionDirection.Both;
        var target = new RelayTarget(plan.Target, options, plan.Retries);
        var undelivered = new Undelivered(parsed.GetValue(_deadLetter));
        undelivered.CheckFile();
        var run = new RelayRun(target, undelivered, plan.IsVerbose);
        MessageChannelOptions sourceOptions = Options(parsed, plan, plan.Source, from);
        EndPoint source = plan.Source;
        Action<EndPoint> ready = plan.Ready;
        plan = plan with { Ready = Listening };
        try
        {
            // A queue that is not there is told before clients come; without --retry nothing would change that.
            if (listens && plan is { Target: MessageQueueEndPoint, Retries: null or 0 })
                await target.GetAsync(CancellationToken.None);
            int exitCode = listens ? await ListenAsync(run, plan, sourceOptions) : await MoveAsync(run, plan, sourceOptions, _spool.Get(parsed, plan));
            await target.DisposeAsync();
            return exitCode == ExitCode.Done && target.HasLost ? ExitCode.BrokenOff : exitCode;
        }
        finally
        {
            if (plan.IsVerbose)
                run.Report(source);
        }

        void Listening(EndPoint bound)
        {
            ready(bound);

            // With the port that the system chose.
            source = bound;
        }
    }

    private static async Task<int> ListenAsync(RelayRun run, MessageRelayPlan plan, MessageChannelOptions options)
    {
        using var service = new MessageRelayService(run, options);
        if (options.Framing == MessageFraming.None)
        {
            using var channels = new ChannelServer(service, plan.IsVerbose, plan.IsOnce, plan.DrainTimeout);
            return await channels.RunAsync(plan.Source, options, plan.ListenerOptions, plan.Ready, plan.ShowsProgress);
        }

        using var server = new Server(service, plan.IsVerbose, plan.IsOnce, plan.DrainTimeout, rateLimit: null);
        return await server.RunAsync(plan.Source, plan.ListenerOptions, plan.Ready, plan.ShowsProgress);
    }

    private static async Task<int> MoveAsync(RelayRun run, MessageRelayPlan plan, MessageChannelOptions options, MessageSpoolOptions? spoolOptions)
    {
        options.Direction = plan.Source is MessageQueueEndPoint ? ConnectionDirection.ReceiveOnly : ConnectionDirection.Both;
        options.AccessRules = plan.ListenerOptions.AccessRules;
        using var interruption = new Interruption();
        using var cut = new CancellationTokenSource();
        using CancellationTokenRegistration drain = interruption.Token.Register(() => cut.CancelAfter(plan.DrainTimeout));
        await using var statistics = new StatisticsSignal(() => run.Place(plan.Source), run.Traffic);
        SourceChannel source = await SourceChannel.OpenAsync(plan.Source, options, interruption.Token);
        if (plan.Source is UdpEndPoint)
        {
            plan = plan with { Source = source.Channel.LocalEndPoint ?? plan.Source };
            plan.Ready(plan.Source);
        }

        MessageSpool? spool = null;
        try
        {
            spool = SpoolSettings.Open(source.Channel, spoolOptions, plan.IsVerbose);
            await using (Progress.Start(plan.ShowsProgress, run.Traffic, expected: null))
                await MoveAsync(run, spool ?? source.Channel, plan, interruption.Token, cut.Token);
        }
        catch (OperationCanceledException) when (cut.IsCancellationRequested)
        {
            throw new CommandException($"{run.Place(plan.Source)}: the last message was not taken within {plan.DrainTimeout.TotalSeconds:0.###} s", ExitCode.Failed);
        }
        finally
        {
            if (spool is not null)
                await SpoolSettings.CloseAsync(spool, spoolOptions!);
            await source.EndAsync(isEnough: true);
        }

        return ExitCode.Done;
    }

    // A spool is filled beside: messages make room where they come from, though the target is away.
    private static async Task MoveAsync(RelayRun run, MessageChannel source, MessageRelayPlan plan, CancellationToken stop, CancellationToken cut)
    {
        using var filling = CancellationTokenSource.CreateLinkedTokenSource(stop);
        Task filled = source is MessageSpool spool && !plan.IsOnce ? spool.FillAsync(filling.Token) : Task.CompletedTask;
        try
        {
            await run.MoveAsync(source, plan.Source, plan.IsOnce ? 1 : long.MaxValue, stop, cut);
        }
        finally
        {
            await filling.CancelAsync();
            await filled.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        if (filled.Exception?.InnerException is { } failure)
            throw failure;
    }

    // The framing is that of the one side that is a stream; beside a stream of another kind, shared memory is not meant by it.
    private MessageFraming FramingOf(ParseResult parsed, EndPoint side, EndPoint other)
    {
        bool isOther = MessageSettings.CarriesMessages(side) ? !MessageSettings.CarriesMessages(other) : side is SharedMemoryEndPoint && !MessageSettings.CarriesMessages(other);
        return isOther ? MessageFraming.None : _messages.Framing(parsed, side);
    }

    private MessageChannelOptions Options(ParseResult parsed, MessageRelayPlan plan, EndPoint endPoint, MessageFraming framing)
    {
        MessageChannelOptions options = _messages.Get(parsed, endPoint, framing, plan.ListenerOptions.CallObserver, plan.IsVerbose);
        if (endPoint is SharedMemoryEndPoint)
            options.RingSize = plan.ListenerOptions.RingSize;
        return options;
    }
}
