using System.CommandLine;
using System.CommandLine.Parsing;
using System.Net;

namespace Parley.Cli.Commands;

/// <summary>Options of the verbs that listen.</summary>
internal sealed class ListenerSettings
{
    private const int TutorialBacklog = 10;

    private readonly Option<int?> _backlog = NumberOption.Create("--backlog", "How many clients the kernel queues until they are accepted (default 10)", 1);
    private readonly Option<int?> _maxConnections = NumberOption.Create("--max-connections", "How many clients at once; further ones wait (default: what the limit on descriptors allows)", 1);
    private readonly Option<TimeSpan?> _idleTimeout = TimeOption.Create("--idle-timeout", "Break off a conversation over which no byte moved for so long (default: never)");
    private readonly Option<TimeSpan?> _writeTimeout = TimeOption.Create("--write-timeout", "Break off a peer that takes nothing of what is sent for so long (default: 60 for serve, otherwise never)");
    private readonly Option<TimeSpan?> _drainTimeout = TimeOption.Create("--drain-timeout", "How long conversations may go on after SIGINT or SIGTERM, and a close waits for its peer (default 10)");
    private readonly Option<UnixFileMode?> _mode = new("--mode")
    {
        Description = "Permissions of a Unix socket's file, in octal (default 0600: this user only)",
        HelpName = "MODE",
        CustomParser = ParseMode,
    };

    internal void AddTo(Command command)
    {
        command.Options.Add(_backlog);
        command.Options.Add(_maxConnections);
        command.Options.Add(_idleTimeout);
        command.Options.Add(_writeTimeout);
        command.Options.Add(_drainTimeout);
        command.Options.Add(_mode);
    }

    internal TimeSpan DrainTimeout(ParseResult parsed) => parsed.GetValue(_drainTimeout) ?? TimeSpan.FromSeconds(10);

    internal TimeSpan IdleTimeout(ParseResult parsed) => parsed.GetValue(_idleTimeout).Infinite();

    internal ListenerOptions Get(ParseResult parsed, EndPoint local, CallObserver? observer, TimeSpan writeTimeout)
    {
        if (local is NamedPipeEndPoint && parsed.GetValue(_mode) is not null)
            throw new UsageException("--mode is for unix: endpoints: a named pipe is always its user's own", "other users can reach a socket: unix:/path --mode 0666");

        var options = new ListenerOptions
        {
            Backlog = parsed.GetValue(_backlog) ?? TutorialBacklog,
            MaxConnections = parsed.GetValue(_maxConnections),
            IdleTimeout = IdleTimeout(parsed),
            WriteTimeout = parsed.GetValue(_writeTimeout) ?? writeTimeout,
            CloseTimeout = DrainTimeout(parsed),
            RunContinuationsInline = true,
            CallObserver = observer,
            LoggerFactory = new Output.StandardErrorLogger(),
        };
        if (parsed.GetValue(_mode) is UnixFileMode mode)
            options.UnixSocketMode = mode;
        return options;
    }

    private static UnixFileMode? ParseMode(ArgumentResult argument)
    {
        string text = argument.Tokens.Count > 0 ? argument.Tokens[0].Value : "";
        if (text.Length is > 0 and <= 4 && text.All(digit => digit is >= '0' and <= '7') && Convert.ToInt32(text, 8) is var mode and <= 0x1FF)
            return (UnixFileMode)mode;
        argument.AddError($"--mode: '{text}' is no mode in octal between 0 and 0777");
        return null;
    }
}
