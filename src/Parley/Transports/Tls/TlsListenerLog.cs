using System.Diagnostics;
using System.Net;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Parley.Transports.Tls;

/// <summary>What a listener says of clients that were refused: one a second, however many there are.</summary>
internal sealed class TlsListenerLog(ILoggerFactory? loggers, EndPoint local)
{
    private readonly ILogger _logger = loggers?.CreateLogger("Parley.Listener") ?? (ILogger)NullLogger.Instance;
    private long _last;

    internal void Refused(ConnectionException failure)
    {
        long now = Stopwatch.GetTimestamp();
        long last = Volatile.Read(ref _last);
        if (last != 0 && Stopwatch.GetElapsedTime(last, now) < TimeSpan.FromSeconds(1))
            return;
        Volatile.Write(ref _last, now);
        ListenerLog.HandshakeFailed(_logger, ParleyEndPoint.Format(local), failure.Cause);
    }

    internal void CertificateKept(string cause) => ListenerLog.CertificateKept(_logger, ParleyEndPoint.Format(local), cause);
}
