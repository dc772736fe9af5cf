namespace Parley.Cli;

/// <summary>Something of the command's own failed: what to say, and with which exit code to end.</summary>
internal sealed class CommandException(string message, int exitCode) : Exception(message)
{
    internal int ExitCode { get; } = exitCode;
}
