namespace Parley;

/// <summary>How a listener behaves, and the connections that it accepts. Copied and checked when it is used.</summary>
/// <remarks>Not safe for use by several threads while it is being changed.</remarks>
public sealed class ListenerOptions : ConnectionOptions
{
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
    /// How many descriptors each connection takes in all, for the default of <see cref="MaxConnections"/>: 2 where each client gets a
    /// connection of its own to somebody else. Default 1; 1 or more.
    /// </summary>
    public int DescriptorsPerConnection { get; set; } = 1;

    /// <summary>
    /// The permissions of a Unix socket's file, never wider than this at any moment, and exactly this once the listener is there, whatever the umask. Default 0600: only this
    /// user can connect. A named pipe's and shared memory's is always 0600, unless <see cref="ConnectionOptions.AllowOtherUsers"/> is set.
    /// </summary>
    public UnixFileMode UnixSocketMode { get; set; } = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    internal new ListenerOptions Snapshot() => (ListenerOptions)base.Snapshot();

    private protected override void Validate()
    {
        base.Validate();
        ArgumentOutOfRangeException.ThrowIfLessThan(Backlog, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(DescriptorsPerConnection, 1);
        if (MaxConnections is int limit)
            ArgumentOutOfRangeException.ThrowIfLessThan(limit, 1, nameof(MaxConnections));
        if ((UnixSocketMode & ~AllPermissions) != UnixFileMode.None)
            throw new ArgumentOutOfRangeException(nameof(UnixSocketMode), UnixSocketMode, "Only the nine permission bits can be set.");
    }
}
