using System.CommandLine;

namespace Parley.Cli.Commands;

/// <summary>Options of the verbs that connect.</summary>
internal sealed class ConnectSettings
{
    private readonly Option<TimeSpan?> _timeout = TimeOption.Create("--timeout", "Give up connecting after so long (default 30)");
    private readonly Option<int?> _retry = NumberOption.Create("--retry", "Try so many times more, with growing pauses, when nobody is there (default 0); -v tells of each", 0);

    internal void AddTo(Command command)
    {
        command.Options.Add(_timeout);
        command.Options.Add(_retry);
    }

    /// <summary>Whether it was said how long to wait, and not left to the default.</summary>
    internal bool HasTimeout(ParseResult parsed) => parsed.GetValue(_timeout) is not null;

    internal TimeSpan Timeout(ParseResult parsed) => parsed.GetValue(_timeout) ?? TimeSpan.FromSeconds(30);

    /// <summary>How many further tries; <see langword="null"/> where that was not said.</summary>
    internal int? Retries(ParseResult parsed) => parsed.GetValue(_retry);

    internal ConnectionOptions Get(ParseResult parsed, CallObserver? observer, bool verbose = false) => new()
    {
        ConnectTimeout = Timeout(parsed),
        RetryCount = parsed.GetValue(_retry) ?? 0,
        RunContinuationsInline = true,
        CallObserver = observer,
        LoggerFactory = new Output.StandardErrorLogger(verbose),
    };
}
