using System.CommandLine;
using System.Net;
using Parley.Cli.Output;
using Parley.Cli.Tracing;

namespace Parley.Cli.Commands;

/// <summary>How much a verb says: options that every verb about conversations has.</summary>
/// <param name="verbose">What more <c>-v</c> says.</param>
internal sealed class Verbosity(string verbose = "When a conversation is over say who ended it, bytes each way and how long")
{
    private const string Quiet = "--quiet";

    private readonly Option<bool> _quiet = QuietOption();
    private readonly Option<bool> _verbose = new("--verbose", "-v") { Description = verbose };
    private readonly Option<bool> _trace = new("--trace") { Description = "Show each system call as it happens, and what it means" };
    private readonly Option<bool> _traceJson = new("--trace-json") { Description = "The same as JSON, one object a line" };
    private readonly Option<bool> _dryRun = new("--dry-run") { Description = "Say what would be opened and joined, and open nothing" };

    internal static Option<bool> QuietOption() => new(Quiet, "-q") { Description = "Say nothing, not even errors: the exit code tells" };

    internal void AddTo(Command command)
    {
        command.Options.Add(_quiet);
        command.Options.Add(_verbose);
        command.Options.Add(_trace);
        command.Options.Add(_traceJson);
        command.Options.Add(_dryRun);
    }

    /// <summary>Whether the verb that was chosen has the option, and it was given.</summary>
    internal static bool IsQuietAsked(ParseResult parsed)
        => parsed.CommandResult.Command.Options.OfType<Option<bool>>().FirstOrDefault(static option => option.Name == Quiet) is { } option
           && parsed.GetValue(option);

    internal bool IsQuiet(ParseResult parsed) => parsed.GetValue(_quiet);

    internal bool IsVerbose(ParseResult parsed) => parsed.GetValue(_verbose) && !IsQuiet(parsed);

    internal bool IsDryRun(ParseResult parsed) => parsed.GetValue(_dryRun);

    internal CallObserver? Observer(ParseResult parsed)
    {
        if (parsed.GetValue(_traceJson))
            return new TraceJsonPrinter();
        return parsed.GetValue(_trace) ? new TracePrinter() : null;
    }

    internal void SayListening(ParseResult parsed, EndPoint endPoint)
    {
        if (!IsQuiet(parsed))
            StandardError.WriteLine("listening on " + ParleyEndPoint.Format(endPoint));
    }
}
