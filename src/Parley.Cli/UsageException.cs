namespace Parley.Cli;

/// <summary>The words on the command line are understood and still make no sense together.</summary>
internal sealed class UsageException(string message, string? hint = null) : Exception(message)
{
    internal string? Hint { get; } = hint;
}
