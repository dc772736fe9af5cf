using System.Net;
using System.Net.Sockets;
using Parley.Interop.Linux;
using Parley.Transports.Addresses;
using Parley.Transports.Descriptors;

namespace Parley.Transports.Sockets;

/// <summary>TCP and Unix sockets on Linux: looks names up, and tries each address in turn.</summary>
internal static class SocketTransport
{
    // Each address gets at least this of what time is left, so that the last one is tried at all.
    private static readonly TimeSpan ShortestTry = TimeSpan.FromMilliseconds(250);

    internal static async ValueTask<Connection> ConnectAsync(EndPoint remote, ConnectionOptions options, CancellationToken cancellationToken)
    {
        // Who names the server's user wants no name either that somebody else has put there.
        if (options.AccessRules is { NamesUsers: true } && remote is UnixDomainSocketEndPoint unix && !UnixPath.IsAbstract(UnixPath.Of(unix)))
            return await ConnectOwnUserAsync(unix, remote, options, cancellationToken).ConfigureAwait(false);
        long due = Clock.FromNow(options.ConnectTimeout);
        EndPoint[] addresses = await HostNames.ResolveAsync(remote, remote, Step.Connect, options, cancellationToken).ConfigureAwait(false);
        for (int i = 0; ; i++)
        {
            try
            {
                long share = Share(due, addresses.Length - i);
                return await new SocketConnector(addresses[i], remote, options).ConnectAsync(share, cancellationToken).ConfigureAwait(false);
            }
            catch (ConnectionException) when (i < addresses.Length - 1)
            {
                // The next address may answer; if none does, the last one's failure is told.
                cancellationToken.ThrowIfCancellationRequested();
            }
        }
    }

    internal static async ValueTask<ConnectionListener> BindAsync(EndPoint local, ListenerOptions options, CancellationToken cancellationToken)
    {
        EndPoint[] addresses = await HostNames.ResolveAsync(local, local, Step.Bind, options, cancellationToken).ConfigureAwait(false);
        for (int i = 0; ; i++)
        {
            try
            {
                return SocketBinder.Bind(addresses[i], local, options);
            }
            catch (ConnectionException) when (i < addresses.Length - 1)
            {
                // The next address may be one of this machine; if none is, the last one's failure is told.
                cancellationToken.ThrowIfCancellationRequested();
            }
        }
    }

    /// <summary>Connects to a Unix socket in a folder where any user can make files: only to a server of this user or root, unless others are allowed.</summary>
    internal static async ValueTask<Connection> ConnectOwnUserAsync(
        UnixDomainSocketEndPoint path, EndPoint asked, ConnectionOptions options, CancellationToken cancellationToken)
    {
        long due = Clock.FromNow(options.ConnectTimeout);
        using DescriptorHandle file = OwnUser.OpenFile(UnixPath.Of(path), asked, options);
        return await new SocketConnector(path, asked, options) { OwnFile = file }.ConnectAsync(due, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Listens on a Unix socket in such a folder: only for clients of this user and root, unless others are allowed; who is turned away is told.</summary>
    internal static ConnectionListener BindOwnUser(UnixDomainSocketEndPoint path, EndPoint asked, ListenerOptions options, LastWords? lastWords = null)
        => SocketBinder.Bind(path, asked, options, ownUserOnly: true, lastWords);

    /// <summary>Whether somebody listens on a Unix socket; they take nobody for a client.</summary>
    internal static bool IsListenedOn(string path) => SocketPath.Probe(path) is not (Errno.ECONNREFUSED or Errno.ENOENT);

    /// <summary>Removes a Unix socket that a listener of this user left behind.</summary>
    /// <exception cref="ConnectionException"><see cref="Step.Bind"/>: somebody listens there, it is another user's, or no socket.</exception>
    internal static void RemoveStale(UnixDomainSocketEndPoint path, EndPoint asked)
        => SocketPath.Claim(UnixPath.Of(path), asked, ownUserOnly: true).Dispose();

    private static long Share(long due, int triesLeft)
    {
        if (due == Deadline.Never || triesLeft == 1)
            return due;
        TimeSpan left = System.Diagnostics.Stopwatch.GetElapsedTime(System.Diagnostics.Stopwatch.GetTimestamp(), due);
        TimeSpan share = left / triesLeft;
        return Math.Min(due, Clock.FromNow(share > ShortestTry ? share : ShortestTry));
    }
}
