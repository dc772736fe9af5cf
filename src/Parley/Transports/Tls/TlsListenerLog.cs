using System.Net;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Parley.Transports.Tls;

/// <summary>What a listener says of clients that were refused, as often as <see cref="LogPace"/> allows.</summary>
internal sealed class TlsListenerLog(ILoggerFactory? loggers, EndPoint local)
{
    private readonly ILogger _logger = loggers?.CreateLogger("Parley.Listener") ?? (ILogger)NullLogger.Instance;
    private readonly LogPace _pace = new();

    internal void Refused(ConnectionException failure)
    {
        if (_pace.IsDue(out string others))
            ListenerLog.HandshakeFailed(_logger, ParleyEndPoint.Format(local), failure.Cause, others);
    }

    internal void CertificateKept(string cause) => ListenerLog.CertificateKept(_logger, ParleyEndPoint.Format(local), cause);
}
