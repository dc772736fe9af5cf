using Microsoft.Extensions.Logging;

namespace Parley.RabbitMQ;

/// <summary>What a channel on a broker logs. Event ids are stable: 700 to 799.</summary>
internal static partial class RabbitMQLog
{
    [LoggerMessage(700, LogLevel.Warning, "{Queue}: the connection is gone ({Failure}). Looking for the broker.")]
    internal static partial void Lost(ILogger logger, string queue, string failure);

    [LoggerMessage(701, LogLevel.Information, "{Queue}: try {Try}: {Failure}; the next one is in {Milliseconds} ms.")]
    internal static partial void TryFailed(ILogger logger, string queue, int @try, string failure, long milliseconds);

    [LoggerMessage(702, LogLevel.Information, "{Queue}: connected again after {Seconds:0.0} s.")]
    internal static partial void Back(ILogger logger, string queue, double seconds);

    [LoggerMessage(703, LogLevel.Warning, "{Queue}: no messages come ({Failure}).")]
    internal static partial void ReceivingEnded(ILogger logger, string queue, string failure);
}
