using System.Net;

namespace Parley.Cli.Output;

/// <summary>One line for what failed, a second one where there is a hint to give, and the exit code.</summary>
internal static class Failure
{
    private const string OutputIsClosed = "it is closed (EBADF)";
    private const string SeeList = "see what there is with: parley list";

    // Those who send or receive are told in the cause how it is made.
    private const string NoQueue = "there is no queue of that name";

    // Of what is wrong with the file that keeps a queue's messages, the endpoint is the queue.
    private const string Spool = "the spool ";
    private const string SpoolIsOpenToOthers = " can be used by other users";

    private static readonly Func<string, string> Server = static where => $"parley serve {where}";

    /// <summary>The command that starts the other side of what this one is about; the verbs that carry messages have one of their own.</summary>
    internal static Func<string, string> OtherSide { get; set; } = Server;

    /// <summary>Whether messages are to be heard from there, and none said.</summary>
    internal static bool IsReceiving { get; set; }

    /// <summary>What to do about a server of another user, where that may be meant.</summary>
    internal static string ForeignServer { get; set; } = "--allow uid:N says that it is meant";

    internal static bool TryReport(Exception failure, out int exitCode)
    {
        switch (failure)
        {
            case UsageException usage:
                UsageError.Print(usage.Message, usage.Hint);
                exitCode = ExitCode.WrongUsage;
                return true;
            case EndPointFormatException wrong:
                UsageError.Print(wrong.Message, wrong.Suggestion is null ? null : $"did you mean {wrong.Suggestion} ?");
                exitCode = ExitCode.WrongUsage;
                return true;
            case CommandException own:
                StandardError.WriteLine("parley: " + PlainText.OneLine(own.Message));
                exitCode = own.ExitCode;
                return true;
            case ConnectionException broken:
                exitCode = Report(broken);
                return true;
            case OperationCanceledException:
                exitCode = ExitCode.Interrupted;
                return true;
            // Of a file it names the path, in quotes; of a stream there is none: standard output is closed, or opened for something else.
            case UnauthorizedAccessException when !failure.Message.Contains('\''):
                exitCode = ReportOutput(OutputIsClosed);
                return true;
            case IOException when SystemError.Number(failure) is not null && !failure.Message.Contains('\''):
                exitCode = ReportOutput(SystemError.Describe(failure));
                return true;
            case IOException or UnauthorizedAccessException or PlatformNotSupportedException or ArgumentException:
                StandardError.WriteLine("parley: " + PlainText.OneLine(failure.Message));
                exitCode = failure is UnauthorizedAccessException ? ExitCode.RefusedForSecurity : ExitCode.Failed;
                return true;
            default:
                exitCode = ExitCode.Failed;
                return false;
        }
    }

    internal static int Report(ConnectionException failure)
    {
        if (failure is { EndPoint: StandardStreamsEndPoint, Step: Step.Open, Cause: "standard output is closed" })
            return ReportOutput(OutputIsClosed);
        if (failure is { EndPoint: StandardStreamsEndPoint, Step: Step.Write, ErrorName: not null })
            return ReportOutput($"{failure.Cause} ({failure.ErrorName})", ExitCode.Of(failure));
        bool isInput = failure is { EndPoint: StandardStreamsEndPoint, Step: Step.Read };
        StandardError.WriteLine("parley: " + PlainText.OneLine(isInput ? $"cannot read from standard input: {CauseOf(failure)}" : failure.Message));
        if (Hint(failure) is { } hint)
            StandardError.WriteLine("  hint: " + PlainText.OneLine(hint));
        return ExitCode.Of(failure);
    }

    // Some verbs write to it as to a stream of .NET's, others as to a connection: it is the same to whoever reads this.
    private static int ReportOutput(string cause, int exitCode = ExitCode.Failed)
    {
        StandardError.WriteLine($"parley: cannot write to standard output: {cause}");
        return exitCode;
    }

    private static string CauseOf(ConnectionException failure) => failure.ErrorName is { } name ? $"{failure.Cause} ({name})" : failure.Cause;

    private static string? Hint(ConnectionException failure)
    {
        if (failure.Step == Step.Open && failure.Cause.StartsWith(Spool, StringComparison.Ordinal))
            return SpoolHint(failure);
        string where = failure.EndPoint is null ? "" : ParleyEndPoint.Format(failure.EndPoint);
        bool binding = failure.Step is Step.Bind or Step.Listen;
        bool connecting = failure.Step is Step.Connect or Step.Resolve;
        bool starting = failure is { Step: Step.Open, EndPoint: ProcessEndPoint };
        return failure.Reason switch
        {
            Reason.Refused when connecting && IsAboutPath(failure) => null,
            Reason.Denied when failure.Cause.Contains("the rules", StringComparison.Ordinal) => "--allow and --deny say whom to talk to",
            Reason.NotFound when starting && failure.Cause == "no such program" => "a name is looked up in PATH; a path has a slash in it, as ./program has",
            Reason.Denied when failure is { Step: Step.Open, EndPoint: FifoEndPoint fifo } => WhoMayUse(fifo),
            Reason.Denied when starting => "make it executable with: chmod +x PATH",
            Reason.Refused when connecting && failure.EndPoint is SharedMemoryEndPoint => SharedMemoryHint(failure, where),
            Reason.NotFound when connecting && failure.EndPoint is SharedMemoryEndPoint => SharedMemoryHint(failure, where),
            Reason.Denied when failure.EndPoint is SharedMemoryEndPoint && failure.Cause.StartsWith("the server", StringComparison.Ordinal) =>
                "a server lets in its own user and root; its --allow and --deny can say otherwise",
            Reason.Denied when failure.EndPoint is SharedMemoryEndPoint && failure.Cause.StartsWith("the name", StringComparison.Ordinal) =>
                ForeignServer,
            Reason.Denied when failure.EndPoint is SharedMemoryEndPoint =>
                "shared memory is between programs of one user; its owner can let others in by name: --mode 0666 --allow uid:N",
            Reason.Refused when failure.EndPoint is AmqpEndPoint => "no broker listens there",
            Reason.Denied when failure.EndPoint is AmqpEndPoint =>
                $"who this is say --user and --password-file, or {RabbitMQOptions.UserVariable} and {RabbitMQOptions.PasswordVariable} of the environment; guest is let in from the broker's own machine only",
            Reason.Refused when connecting => $"nothing listens there; start a server with: {OtherSide(where)}",
            Reason.NotFound when failure.Step is Step.Resolve => "check the host's name; an address works without a look-up",
            Reason.NotFound when failure is { Step: Step.Open or Step.Remove, EndPoint: FifoEndPoint or MessageQueueEndPoint or SharedMemoryEndPoint or AmqpEndPoint } =>
                NameHint(failure, where),
            Reason.TimedOut when failure is { Step: Step.Open, EndPoint: FifoEndPoint } => "the other side has to open it too; --timeout waits longer",
            Reason.InUse when failure.Step is Step.Create => $"look at what is there with: parley inspect {where}",
            Reason.NotFound when connecting && failure.EndPoint is NamedPipeEndPoint => $"there is no such pipe; make it with: {OtherSide(where)}",
            Reason.NotFound when failure.EndPoint is AmqpEndPoint => null,
            Reason.NotFound when connecting => $"the path does not exist; start a server with: {OtherSide(where)}",
            Reason.NotFound when failure.ErrorName == "EADDRNOTAVAIL" && !connecting => "the address is none of this machine; 0.0.0.0 or [::] stands for all it has",
            Reason.NotFound when binding && failure.EndPoint is UdpEndPoint => null,
            Reason.NotFound when binding => "the directory does not exist",
            Reason.InUse when binding && IsAboutPath(failure) => "only a socket that nobody listens on is taken over",
            Reason.InUse when binding => $"somebody listens there already; see who with: ss -{(failure.EndPoint is UdpEndPoint ? "lup" : "lxtp")}",
            Reason.Denied when binding && failure.EndPoint is IPEndPoint { Port: < 1024 } => "ports under 1024 need root or the capability CAP_NET_BIND_SERVICE",
            Reason.Denied when failure.EndPoint is NamedPipeEndPoint =>
                "a named pipe is between programs of one user; another user's are reached at unix:/path",
            Reason.Denied when connecting => "the socket's file does not let this user in; its owner can start the server with --mode 0666",
            Reason.Denied when binding && failure.Cause.Contains("lock file", StringComparison.Ordinal) => null,
            Reason.Denied when binding => "this user may not make files in that directory",
            Reason.TimedOut when connecting && failure.InnerException is ConnectionException { Reason: not Reason.TimedOut } last =>
                IsAboutPath(last) ? null : $"nothing listens there yet; start a server with: {OtherSide(where)}",
            Reason.Denied when failure is { Step: Step.Open, EndPoint: MessageQueueEndPoint } =>
                "its mode does not let this user in; its owner can make it with --mode 0622 for others to send, or 0666 to receive as well",
            Reason.Full when failure is { Step: Step.Send, EndPoint: MessageQueueEndPoint } => $"somebody has to take messages: parley receive {where}",
            Reason.TooLarge when failure.Step == Step.Receive && failure.Cause.StartsWith("the next frame", StringComparison.Ordinal) =>
                "do both sides say the same --frame? --max-size takes longer messages",
            Reason.Corrupt when failure.Step == Step.Receive && failure.Cause.Contains("ended within a message", StringComparison.Ordinal) =>
                "do both sides say the same --frame? otherwise the sender was broken off",
            _ when FramingWords.IsAbout(failure) => FramingWords.Hint,
            Reason.TimedOut when failure is { Step: Step.Connect or Step.Handshake, EndPoint: SharedMemoryEndPoint } =>
                "somebody listens there and does not answer, as one that is stopped, or busy; see who with: ss -lxp",
            Reason.TimedOut when connecting => "the host does not answer; a firewall may drop what is sent, or its backlog is full",
            Reason.Untrusted when failure.Cause.Contains("no TLS", StringComparison.Ordinal) => "without TLS it is tcp://host:port",
            Reason.Untrusted when failure.Cause.Contains("authority", StringComparison.Ordinal) || failure.Cause.Contains("itself", StringComparison.Ordinal) =>
                "if it is the one that is meant, say so: --ca FILE names its authority, --pin PIN its key",
            Reason.TooLarge when failure.EndPoint is NamedPipeEndPoint && (binding || connecting) => "choose a shorter name, or a shorter TMPDIR",
            Reason.TooLarge when failure is { Step: Step.Send, EndPoint: SharedMemoryEndPoint } =>
                "in shared memory a message has at most half of the ring, for which the smaller --ring-size of both sides counts (1M where none is said); with --frame it is --max-size",
            Reason.TooLarge when binding => "choose a shorter path, such as one in /tmp or /run",
            _ => null,
        };
    }

    /// <summary>One name is served as bytes or as messages, and each has its own verbs.</summary>
    private static string? SharedMemoryHint(ConnectionException failure, string where)
    {
        if (failure.Cause.Contains("version", StringComparison.Ordinal))
            return null;
        if (failure.Cause.Contains("as messages", StringComparison.Ordinal))
            return IsReceiving ? $"receive from it with: parley receive {where} --connect" : $"send to it with: parley send {where}";
        if (failure.Cause.Contains("as bytes", StringComparison.Ordinal))
            return $"talk to it with: parley connect {where}, or in frames, if it has them: {(IsReceiving ? $"parley receive {where} --connect" : $"parley send {where}")} --frame line";
        string others = failure.EndPoint is SharedMemoryEndPoint { Name: ['/', ..] } ? "" : "; a name is each user's own, shm:/path is for others too";
        return $"nothing listens there; start {(OtherSide == Server ? $"a server with: {OtherSide(where)}, or for messages: parley receive {where}" : $"the other side first: {OtherSide(where)}")}{others}";
    }

    private static string? SpoolHint(ConnectionException failure)
    {
        int open = failure.Cause.IndexOf(SpoolIsOpenToOthers, StringComparison.Ordinal);
        return failure.Reason switch
        {
            Reason.Denied when open > 0 => $"change that with: chmod 600 {failure.Cause[Spool.Length..open]}",
            Reason.Denied => "--spool FILE says where else",
            Reason.NotFound => "its directory has to be there first",
            Reason.Full => "--spool-size makes it smaller, --spool FILE says where else",
            _ => null,
        };
    }

    /// <summary>Nothing of that name is there: how it is made, or where those are that are there.</summary>
    private static string? NameHint(ConnectionException failure, string where) => failure switch
    {
        { Step: Step.Open, EndPoint: MessageQueueEndPoint } => $"make it with: parley create {where}; {SeeList}",
        { Step: Step.Open, EndPoint: FifoEndPoint } => $"make it with: parley create {where}",
        { EndPoint: FifoEndPoint fifo } => $"see what there is with: ls -l {(Path.GetDirectoryName(fifo.Path) is { Length: > 0 } folder ? folder : ".")}",
        { EndPoint: SharedMemoryEndPoint { Name: ['/', ..] } } => failure.Step == Step.Open ? SharedMemoryHint(failure, where) : null,
        { EndPoint: MessageQueueEndPoint or SharedMemoryEndPoint } => SeeList,
        { EndPoint: AmqpEndPoint, Cause: NoQueue } => "see what there is with: rabbitmqctl list_queues",
        _ => null,
    };

    private static string WhoMayUse(FifoEndPoint fifo)
    {
        try
        {
            IEnumerable<string> all = NamedObject.Inspect(fifo).Select(static one =>
                $"{ParleyEndPoint.Format(one.EndPoint)} belongs to user {one.UserId} and group {one.GroupId} and has mode 0{Convert.ToString((int)one.Mode.GetValueOrDefault(), 8).PadLeft(3, '0')}");
            return string.Join("; ", all) + "; its owner can change that with: chmod";
        }
        catch (ConnectionException)
        {
            // Not even that may be seen: the folder is closed to this user.
            return "this user may not enter the folder that it is in";
        }
    }

    /// <summary>Whether something else stands at a socket's path: then no server can start there either.</summary>
    private static bool IsAboutPath(ConnectionException failure) => failure.Cause.StartsWith("the path", StringComparison.Ordinal);
}
