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

    internal NamedObjectOptions Snapshot() => (Mode & ~AllPermissions) == UnixFileMode.None
        ? (NamedObjectOptions)MemberwiseClone()
        : throw new ArgumentOutOfRangeException(nameof(Mode), Mode, "Only the nine permission bits can be set.");
}
