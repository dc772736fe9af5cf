using System.Diagnostics;
using System.Net;
using Microsoft.Extensions.Logging;

namespace Parley.Transports.SharedMemory;

/// <summary>Tells of clients that nothing comes of; at most one a second, for they may come in crowds.</summary>
internal sealed class LinkListenerLog(ILoggerFactory? factory, EndPoint local)
{
    private readonly ILogger? _logger = factory?.CreateLogger("Parley.Listener");
    private long _last;

    internal void HandshakeFailed(ConnectionException failure)
    {
        if (_logger is null)
            return;
        long now = Stopwatch.GetTimestamp();
        long last = Volatile.Read(ref _last);
        if ((last == 0 || Stopwatch.GetElapsedTime(last, now) >= TimeSpan.FromSeconds(1)) && Interlocked.CompareExchange(ref _last, now, last) == last)
            ListenerLog.HandshakeFailed(_logger, ParleyEndPoint.Format(local), failure.Cause);
    }
}
