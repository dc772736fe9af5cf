using System.CommandLine;

namespace Parley.Cli.Commands;

/// <summary>Options of the verbs that move bytes, about how many.</summary>
internal sealed class TransferSettings
{
    private readonly Option<long?> _rateLimit = RateOption.Create();
    private readonly Option<bool> _progress = new("--progress")
    {
        Description = "Show bytes, rate, time and, where the size is known, how much is left; SIGUSR1 asks for a line at any time without it",
    };

    internal void AddTo(Command command)
    {
        command.Options.Add(_progress);
        command.Options.Add(_rateLimit);
    }

    internal bool ShowsProgress(ParseResult parsed, Verbosity verbosity) => parsed.GetValue(_progress) && !verbosity.IsQuiet(parsed);

    internal long? RateLimit(ParseResult parsed) => parsed.GetValue(_rateLimit);
}
