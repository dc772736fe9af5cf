using Microsoft.Extensions.Logging;

namespace Parley;

/// <summary>What connecting logs. Event ids are stable: 100 to 199.</summary>
internal static partial class ConnectionLog
{
    [LoggerMessage(100, LogLevel.Information, "Try {Try} of {Tries}: {Failure}; the next one is in {Milliseconds} ms.")]
    internal static partial void TryFailed(ILogger logger, int @try, long tries, string failure, long milliseconds);

    [LoggerMessage(101, LogLevel.Warning, "{Program} has ended with exit code {ExitCode}, but a process that it started still holds its output open: what that says from now on is lost.")]
    internal static partial void OutputHeld(ILogger logger, string program, int exitCode);

    [LoggerMessage(102, LogLevel.Warning, "{Program} did not end within {Seconds:0.###} s of the end of its input: asked to end with SIGTERM.")]
    internal static partial void ChildTerminated(ILogger logger, string program, double seconds);

    [LoggerMessage(103, LogLevel.Warning, "{Program} did not end within {Seconds:0.###} s of SIGTERM: killed.")]
    internal static partial void ChildKilled(ILogger logger, string program, double seconds);

    [LoggerMessage(104, LogLevel.Information, "Try {Try}: {Failure}; the next one is in {Milliseconds} ms.")]
    internal static partial void TryOfAnyNumberFailed(ILogger logger, int @try, string failure, long milliseconds);
}
