using System.CommandLine;
using System.CommandLine.Parsing;
using System.Net;
using System.Text;
using Parley.Cli.Joining;
using Parley.Cli.Messages;
using Parley.Cli.Output;

namespace Parley.Cli.Commands;

/// <summary><c>parley send</c>: sends messages, from its arguments or from standard input.</summary>
internal static class SendCommand
{
    // Of messages over bytes, what was begun has to find room before the end does.
    private static readonly TimeSpan LongestEnd = TimeSpan.FromSeconds(1);

    // Of every POSIX queue: MQ_PRIO_MAX of Linux, less one.
    private const int HighestPriority = 32767;

    internal static Command Build(ProgramWords program)
    {
        Argument<string> endPoint = EndPointArgument.Required("ENDPOINT", "Where to", MessageSettings.Forms + EndPointArgument.Program);
        var words = new Argument<string[]>("MSG") { Description = "The messages; without any, standard input has them", Arity = ArgumentArity.ZeroOrMore };
        var messages = new MessageSettings("how standard input is cut says --input");
        Option<InputCut?> input = WordOption.Create(
            "--input",
            "How standard input is cut into messages: by line feeds (default) or zero bytes, which the last one may lack; by the length before each; or not at all",
            ("line", InputCut.Line),
            ("nul", InputCut.Nul),
            ("len32", InputCut.Len32),
            ("whole", InputCut.Whole));
        var whole = new Option<bool>("--whole") { Description = "All of standard input is one message: --input whole" };
        Option<int?> priority = NumberOption.Create("--priority", "A queue's messages of a higher priority are received first (0, the default, to 32767; a broker's to 255); a broker's queue that was made without priorities passes it over", 0);
        Option<TimeSpan?> timeout = TimeOption.Create("--timeout", "Give up when there is no room for a message for so long (default: never), a client or server has not taken them all (default 10), a broker has not confirmed one (default 30), or nobody to connect to (default 30)");
        var noWait = new Option<bool>("--no-wait") { Description = "Fail when there is no room, instead of waiting for it" };
        Option<int?> retry = RetryOption.Create("Try so many times more, with growing pauses, when nobody, or no queue, is there (default 0); -v tells of each");
        var access = new AccessSettings("peers");
        var listen = new Option<bool>("--listen") { Description = "Listen on a stream's endpoint, and send to the first client, instead of connecting" };
        var broker = new BrokerSettings();
        var verbosity = new Verbosity("Say how many messages were sent");
        var command = new Command("send", "Send messages: one an argument, or those of standard input")
        {
            endPoint, words, input, whole, priority, timeout, noWait, retry, listen,
        };
        access.AddTo(command);
        messages.AddTo(command);
        broker.AddTo(command);
        verbosity.AddTo(command);
        HelpWithExamples.Attach(command, """
            parley send mq:/orders 'first' 'second'          two messages into a queue
            parley send mq:/orders --priority 9 'now'        received before the others
            parley send mq:/orders < lines.txt               a message a line
            find . -print0 | parley send udp://127.0.0.1:9000 --input nul
            parley send mq:/orders --whole < image.png       a file as one message
            parley send tcp://127.0.0.1:7000 --frame len32 'over a stream'
            parley send shm:orders 'through shared memory'
            parley send 'amqp://host?queue=orders' < lines.txt   over when the broker has confirmed each
            parley send mq:/orders -- --dashes               behind -- anything is a message
            """);
        command.SetAction(async (parsed, _) =>
        {
            EndPoint target = EndPointArgument.GetForMessages(parsed, endPoint, program, "parley send exec: --frame line -- sort");
            MessageFraming framing = messages.Framing(parsed, target);
            ReadOnlyMemory<byte>[] given = Messages(parsed, words);
            InputCut cut = Cut(parsed.GetValue(input), parsed.GetValue(whole), given.Length > 0);
            UnfitMessage.CheckArguments(given, framing);
            Check(target, parsed.GetValue(priority), parsed.GetValue(listen), parsed.GetValue(noWait) && parsed.GetValue(timeout) is not null);
            RetryOption.Check(parsed, retry, target, parsed.GetValue(listen), hint: null);
            if (parsed.GetValue(noWait) && target is AmqpEndPoint)
                throw new UsageException("--no-wait: whether a broker takes a message is known only when it has said so", "--timeout says how long that may take (default 30)");
            broker.Use(parsed, target, callTimeout: parsed.GetValue(timeout));
            AccessRules? rules = access.Get(parsed, target);
            if (verbosity.IsDryRun(parsed))
            {
                string what = given.Length > 0 ? Units.Count(given.Length, "message") : "the messages of standard input";
                StandardError.WriteLine($"would send {what} to {(parsed.GetValue(listen) ? "the first client of " : "")}{ParleyEndPoint.Format(target)}");
                return ExitCode.Done;
            }

            MessageChannelOptions options = messages.Get(parsed, target, framing, verbosity.Observer(parsed), verbosity.IsVerbose(parsed));
            options.ConnectTimeout = parsed.GetValue(timeout) ?? TimeSpan.FromSeconds(30);

            // A program ends in its own time.
            if (target is not ProcessEndPoint && parsed.GetValue(timeout) is { } shorter && shorter < options.CloseTimeout)
                options.CloseTimeout = shorter;
            options.AccessRules = rules;
            options.RetryCount = parsed.GetValue(retry) ?? 0;
            options.Direction = OneWay.Is(target) || target is MessageQueueEndPoint ? ConnectionDirection.SendOnly : ConnectionDirection.Both;
            Failure.OtherSide = where => $"parley receive {where}{MessageSettings.Words(framing)}";
            using var interruption = new Interruption();
            OpenTarget open;
            try
            {
                open = parsed.GetValue(listen)
                    ? await OpenTarget.AcceptAsync(target, options, Listening, interruption.Token)
                    : await OpenTarget.OpenAsync(target, options, interruption.Token);
            }
            catch (OperationCanceledException)
            {
                StandardError.WriteLine($"{ParleyEndPoint.Format(target)}: nothing was sent");
                throw;
            }

            var header = new MessageHeader { Priority = parsed.GetValue(priority) ?? 0 };
            var sender = new Sender(open.Channel, target, header, parsed.GetValue(timeout).Infinite(), parsed.GetValue(noWait));
            return await RunAsync(sender, open, given, cut, framing, target, verbosity.IsVerbose(parsed), interruption.Token);

            void Listening(EndPoint bound)
            {
                verbosity.SayListening(parsed, bound);

                // With the port that the system chose.
                target = bound;
            }
        });
        return command;
    }

    private static async Task<int> RunAsync(
        Sender sender, OpenTarget open, ReadOnlyMemory<byte>[] given, InputCut cut, MessageFraming framing, EndPoint target, bool verbose, CancellationToken cancellationToken)
    {
        bool isDone = false;
        bool isEnding = false;
        bool isBroken = false;
        long? known = given.Length > 0 ? given.Length : cut == InputCut.Whole ? 1 : null;
        try
        {
            UnfitMessage.CheckLengths(given, target, open.Channel.MaxMessageSize);
            foreach (ReadOnlyMemory<byte> message in given)
                await sender.SendAsync(message, cancellationToken);
            if (given.Length == 0)
                await SendInputAsync(sender, cut, framing, target, open.Channel.MaxMessageSize, cancellationToken);
            known ??= sender.Begun;
            await sender.FinishAsync();
            isEnding = true;
            int? exitCode = await open.EndAsync(cancellationToken);
            isDone = true;
            return exitCode ?? ExitCode.Done;
        }
        catch (ConnectionException failure) when (failure is { Reason: Reason.Reset or Reason.PeerDied, EndPoint: ProcessEndPoint })
        {
            isBroken = true;

            // Its exit code says more than that it has read too little, unless it takes that for a success.
            int exitCode = await open.EndBrokenAsync() ?? ExitCode.Done;
            if (exitCode == ExitCode.Done)
                throw;
            throw new CommandException(failure.Message, exitCode);
        }
        catch (ConnectionException failure) when (failure.Reason is Reason.Reset or Reason.PeerDied or Reason.TimedOut)
        {
            isBroken = true;
            throw;
        }
        finally
        {
            await sender.SettleAsync();
            bool isInterrupted = cancellationToken.IsCancellationRequested;
            bool hasPeer = MessageSettings.HasClients(target, framing);
            EarlyEnd end = !isDone && hasPeer ? await EndEarlyAsync(open) : EarlyEnd.Clean;
            if (end == EarlyEnd.Cut && sender.Sent > 0)
                sender.TakeBackLast();
            if (isDone && verbose)
                sender.Report();
            else if (!isDone && (verbose || isInterrupted || sender.Sent > 0 || given.Length != 1))
                sender.ReportEarlyEnd(known, isEnding || (isBroken && hasPeer) || end == EarlyEnd.PeerGone);
        }
    }

    /// <summary>
    /// The messages that went are whole, and no more come: in shared memory that has to be said, for the end of a process that has not said it is
    /// its death. Nobody is waited for: what went stays in the ring, or is the kernel's.
    /// </summary>
    private static async ValueTask<EarlyEnd> EndEarlyAsync(OpenTarget open)
    {
        using var due = new CancellationTokenSource(LongestEnd);
        try
        {
            await open.Channel.CompleteSendsAsync(due.Token);
            return EarlyEnd.Clean;
        }
        catch (OperationCanceledException)
        {
            return EarlyEnd.Cut;
        }
        catch (ConnectionException)
        {
            // The failure that led here is the one that is told.
            return EarlyEnd.PeerGone;
        }
    }

    private enum EarlyEnd
    {
        /// <summary>What was begun is with the kernel, or in the ring.</summary>
        Clean,

        /// <summary>The last message has found no room for all of it.</summary>
        Cut,

        PeerGone,
    }

    private static async Task SendInputAsync(
        Sender sender, InputCut cut, MessageFraming framing, EndPoint target, int maxSize, CancellationToken cancellationToken)
    {
        Connection standard = await StandardConversation.OpenStandardStreamsAsync(cancellationToken);
        var input = new MessageInput(standard.Input, cut, maxSize, target);
        try
        {
            while (await input.NextAsync(cancellationToken) is { } message)
            {
                UnfitMessage.CheckData(message.Span, input.Name, target, framing);
                await sender.SendAsync(message, cancellationToken);
            }
        }
        catch (OperationCanceledException)
        {
            sender.Rest = input.Rest;
            throw;
        }
    }

    private static ReadOnlyMemory<byte>[] Messages(ParseResult parsed, Argument<string[]> words)
    {
        string[] given = parsed.GetValue(words) ?? [];
        int literal = parsed.Tokens.TakeWhile(static token => token.Type != TokenType.DoubleDash).Count();
        foreach (Token token in parsed.Tokens.Take(literal))
        {
            if (token.Type == TokenType.Argument && token.Value is ['-', _, ..] && given.Contains(token.Value))
                throw new UsageException($"unknown option {token.Value}", "behind -- anything is a message");
        }

        // What is no UTF-8 was replaced before the command sees it.
        if (Array.Exists(given, static word => word.Contains('\uFFFD', StringComparison.Ordinal)))
            throw new UsageException("a message in the arguments is not valid UTF-8, or has the character U+FFFD", "standard input takes any bytes: --whole");
        return [.. given.Select(static word => new ReadOnlyMemory<byte>(Encoding.UTF8.GetBytes(word)))];
    }

    private static InputCut Cut(InputCut? input, bool whole, bool hasWords)
    {
        if (hasWords && (input is not null || whole))
            throw new UsageException($"{(whole ? "--whole" : "--input")} is about standard input, which is not read: the messages are arguments");
        if (whole && input is not null and not InputCut.Whole)
            throw new UsageException("--whole is --input whole: say one of the two");
        return whole ? InputCut.Whole : input ?? InputCut.Line;
    }

    private static void Check(EndPoint target, int? priority, bool listens, bool waitsAndNot)
    {
        int? highest = target switch
        {
            MessageQueueEndPoint => HighestPriority,
            AmqpEndPoint => BrokerSettings.HighestPriority,
            _ => null,
        };
        if (priority is not null && highest is null)
            throw new UsageException($"--priority is for a queue; {ParleyEndPoint.Format(target)} has no priorities", "for example: parley send mq:/orders --priority 9 MESSAGE");
        if (priority > highest)
            throw new UsageException($"--priority: the highest of {ParleyEndPoint.Format(target)} is {highest}");
        if (listens && (MessageSettings.CarriesMessages(target) || target is FifoEndPoint or ProcessEndPoint))
            throw new UsageException($"nobody connects to {ParleyEndPoint.Format(target)}: --listen is for sockets and named pipes");
        if (waitsAndNot)
            throw new UsageException("--no-wait and --timeout: say one of the two");
    }
}
