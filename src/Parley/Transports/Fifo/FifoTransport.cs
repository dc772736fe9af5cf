namespace Parley.Transports.Fifo;

/// <summary>Conversations over FIFOs: one carries bytes one way, a pair both ways.</summary>
internal static class FifoTransport
{
    internal static async ValueTask<Connection> ConnectAsync(FifoEndPoint endPoint, ConnectionOptions options, CancellationToken cancellationToken)
    {
        long due = Descriptors.Clock.FromNow(options.ConnectTimeout);
        var opening = new FifoOpening(endPoint, WaysOf(endPoint, options), options);
        return await opening.OpenAsync(due, waitsForWriter: !opening.Follows, cancellationToken).ConfigureAwait(false);
    }

    internal static ConnectionListener Bind(FifoEndPoint endPoint, ListenerOptions options)
        => FifoListener.Bind(endPoint, WaysOf(endPoint, options), options);

    private static ConnectionDirection WaysOf(FifoEndPoint endPoint, ConnectionOptions options)
    {
        if (!OperatingSystem.IsLinux())
            throw new PlatformNotSupportedException("FIFOs as endpoints need Linux.");
        if (endPoint.WritePath is not null)
            return ConnectionDirection.Both;
        return options.Direction != ConnectionDirection.Both
            ? options.Direction
            : throw new ArgumentException(
                $"{endPoint} goes one way: set {nameof(ConnectionOptions.Direction)} to {nameof(ConnectionDirection.ReceiveOnly)} or "
                + $"{nameof(ConnectionDirection.SendOnly)}, or give a pair of FIFOs (fifo:/in:/out).", nameof(options));
    }
}
