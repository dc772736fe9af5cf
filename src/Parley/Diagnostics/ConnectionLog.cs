using Microsoft.Extensions.Logging;

namespace Parley;

/// <summary>What connecting logs. Event ids are stable: 100 to 199.</summary>
internal static partial class ConnectionLog
{
    [LoggerMessage(100, LogLevel.Information, "Try {Try} of {Tries}: {Failure}; the next one is in {Milliseconds} ms.")]
    internal static partial void TryFailed(ILogger logger, int @try, long tries, string failure, long milliseconds);
}
