using System.Net;
using Microsoft.Extensions.Logging;

namespace Parley.Transports.SharedMemory;

/// <summary>Tells of clients that nothing comes of, or that lie, as often as <see cref="LogPace"/> allows, for they may come in crowds.</summary>
internal sealed class LinkListenerLog(ILoggerFactory? factory, EndPoint local)
{
    private readonly ILogger? _logger = factory?.CreateLogger("Parley.Listener");
    private readonly LogPace _pace = new();

    internal void HandshakeFailed(ConnectionException failure)
    {
        if (_logger is not null && _pace.IsDue(out string others))
            ListenerLog.HandshakeFailed(_logger, ParleyEndPoint.Format(local), failure.Cause, others);
    }

    internal void BrokenOff(ConnectionException failure)
    {
        if (_logger is not null && _pace.IsDue(out string others))
            ListenerLog.ClientBrokenOff(_logger, ParleyEndPoint.Format(local), failure.Cause, others);
    }
}
