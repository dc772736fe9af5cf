namespace Parley;

/// <summary>What a named object is made with.</summary>
public sealed class NamedObjectOptions
{
    private const UnixFileMode AllPermissions = (UnixFileMode)0x1FF;

    /// <summary>
    /// Its permissions, exactly these whatever the umask, and never wider at any moment. Only the nine permission bits. Default 0600: this
    /// user alone.
    /// </summary>
    public UnixFileMode Mode { get; set; } = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    /// <summary>
    /// How many messages wait in a queue at most; 1 or more. Default <see langword="null"/>: what the system gives
    /// (<c>/proc/sys/fs/mqueue/msg_default</c>, usually 10). FIFOs have no such thing: it must be <see langword="null"/>.
    /// </summary>
    public int? Capacity { get; set; }

    /// <summary>
    /// The longest message of a queue, in bytes; 1 or more. Default <see langword="null"/>: what the system gives
    /// (<c>/proc/sys/fs/mqueue/msgsize_default</c>, usually 8192). FIFOs have no such thing: it must be <see langword="null"/>.
    /// </summary>
    public int? MessageSize { get; set; }

    internal NamedObjectOptions Snapshot()
    {
        if ((Mode & ~AllPermissions) != UnixFileMode.None)
            throw new ArgumentOutOfRangeException(nameof(Mode), Mode, "Only the nine permission bits can be set.");
        if (Capacity is int capacity)
            ArgumentOutOfRangeException.ThrowIfLessThan(capacity, 1, nameof(Capacity));
        if (MessageSize is int messageSize)
            ArgumentOutOfRangeException.ThrowIfLessThan(messageSize, 1, nameof(MessageSize));
        return (NamedObjectOptions)MemberwiseClone();
    }
}
