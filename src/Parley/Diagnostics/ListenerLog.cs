using Microsoft.Extensions.Logging;

namespace Parley;

/// <summary>What listeners log. Event ids are stable: 1 to 99.</summary>
internal static partial class ListenerLog
{
    [LoggerMessage(1, LogLevel.Warning, "Accepting on {EndPoint} pauses: {Cause}.")]
    internal static partial void AcceptingPaused(ILogger logger, string endPoint, string cause);

    [LoggerMessage(2, LogLevel.Warning, "{Client} was turned away from {EndPoint}: {Cause}{Others}.")]
    internal static partial void ClientTurnedAway(ILogger logger, string client, string endPoint, string cause, string others);

    [LoggerMessage(3, LogLevel.Warning, "Nothing comes of a client of {EndPoint}: {Cause}{Others}.")]
    internal static partial void HandshakeFailed(ILogger logger, string endPoint, string cause, string others);

    [LoggerMessage(4, LogLevel.Warning, "{EndPoint} goes on with what it had: {Cause}.")]
    internal static partial void CertificateKept(ILogger logger, string endPoint, string cause);

    [LoggerMessage(5, LogLevel.Warning, "A client of {EndPoint} was broken off: {Cause}{Others}.")]
    internal static partial void ClientBrokenOff(ILogger logger, string endPoint, string cause, string others);
}
