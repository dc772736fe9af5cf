using System.Net;
using System.Net.Sockets;

namespace Parley;

/// <summary>
/// How a listener behaves, and the connections, or channels of messages (<see cref="MessageChannelOptions.Listener"/>), that it accepts. Copied and checked when it is used.
/// </summary>
/// <remarks>Not safe for use by several threads while it is being changed.</remarks>
public sealed class ListenerOptions : ConnectionOptions
{
    private const int HighestRate = 1_000_000;
    private const UnixFileMode AllPermissions = (UnixFileMode)0x1FF;

    /// <summary>Makes options with the defaults of a listener.</summary>
    public ListenerOptions() => WriteTimeout = TimeSpan.FromSeconds(60);

    /// <summary>
    /// How many clients the kernel queues that are connected and not yet accepted (the second argument of <c>listen</c>; the system
    /// caps it, on Linux at net.core.somaxconn). Default 512; 1 or more.
    /// </summary>
    public int Backlog { get; set; } = 512;

    /// <summary>
    /// How many connections may be open at once; further clients wait in the backlog until one is over. Default: what the process's
    /// limit on file descriptors (RLIMIT_NOFILE) leaves after those in use and a reserve of 64 (an eighth of the limit if that is less);
    /// 1 or more.
    /// </summary>
    public int? MaxConnections { get; set; }

    /// <summary>
    /// How many connections one peer may have at once: an address, of IPv6 a network of 64 bits; a user on a local channel. One more is broken off, and counted
    /// (<see cref="ConnectionListener.Statistics"/>). Sockets, named pipes, shared memory, TLS; with other endpoints binding throws. Default <see langword="null"/>: as many as there
    /// are at all, for a proxy is one peer to a server; 1 or more.
    /// </summary>
    public int? MaxConnectionsPerPeer { get; set; }

    /// <summary>
    /// How many connections a second one peer may make, and as many of them at once; further ones are broken off, and counted. The same peers and endpoints as
    /// <see cref="MaxConnectionsPerPeer"/>. Up to 16,384 peers without a connection are remembered, each for a second; of more than that in a second those seen longest ago begin anew. Default
    /// <see langword="null"/>: any number; 1 to 1,000,000.
    /// </summary>
    public int? ConnectRatePerPeer { get; set; }

    /// <summary>
    /// How many descriptors each connection takes in all, for the default of <see cref="MaxConnections"/>: 2 where each client gets a
    /// connection of its own to somebody else. Default 1; 1 or more.
    /// </summary>
    public int DescriptorsPerConnection { get; set; } = 1;

    /// <summary>
    /// The permissions of a Unix socket's file, never wider than this at any moment, and exactly this once the listener is there, whatever the umask. Default 0600: only this
    /// user can connect. A named pipe's and shared memory's is always 0600, unless <see cref="ConnectionOptions.AllowOtherUsers"/> is set or <see cref="ConnectionOptions.AccessRules"/> allow users.
    /// </summary>
    public UnixFileMode UnixSocketMode { get; set; } = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    internal new ListenerOptions Snapshot() => (ListenerOptions)base.Snapshot();

    /// <exception cref="ArgumentException">The endpoint cannot do what they ask for.</exception>
    internal void Check(EndPoint local)
    {
        AccessRules?.Check(local);
        if ((MaxConnectionsPerPeer ?? ConnectRatePerPeer) is not null && local is not (IPEndPoint or DnsEndPoint or TlsEndPoint or UnixDomainSocketEndPoint or NamedPipeEndPoint or SharedMemoryEndPoint))
            throw new ArgumentException($"Of the clients of {ParleyEndPoint.Format(local)} it cannot be known which are one peer's.", nameof(local));
    }

    private protected override void Validate()
    {
        base.Validate();
        ArgumentOutOfRangeException.ThrowIfLessThan(Backlog, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(DescriptorsPerConnection, 1);
        if (MaxConnections is int limit)
            ArgumentOutOfRangeException.ThrowIfLessThan(limit, 1, nameof(MaxConnections));
        if (MaxConnectionsPerPeer is int limitPerPeer)
            ArgumentOutOfRangeException.ThrowIfLessThan(limitPerPeer, 1, nameof(MaxConnectionsPerPeer));
        if (ConnectRatePerPeer is < 1 or > HighestRate)
            throw new ArgumentOutOfRangeException(nameof(ConnectRatePerPeer), ConnectRatePerPeer, "A peer may connect once to 1,000,000 times a second.");
        if ((UnixSocketMode & ~AllPermissions) != UnixFileMode.None)
            throw new ArgumentOutOfRangeException(nameof(UnixSocketMode), UnixSocketMode, "Only the nine permission bits can be set.");
    }
}
