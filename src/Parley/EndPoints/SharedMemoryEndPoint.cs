using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Parley;

/// <summary>
/// Shared memory between two processes of this machine: <c>shm:name</c>, or <c>shm:/path</c> for the path of the socket at which they meet. It
/// carries bytes or messages, as its server offers. Linux only. docs/shared-memory-protocol.md is what it speaks.
/// </summary>
/// <remarks>
/// A name is this user's own: its socket is <c>name.sock</c> in <c>$XDG_RUNTIME_DIR/parley</c>, <c>/run/user/UID/parley</c>, <c>/run/parley-0</c>
/// (root) or <c>/tmp/parley-UID</c>, the first that there is, a directory that nobody else may enter. Either way both sides deal only with this user and root, unless <see cref="ConnectionOptions.AllowOtherUsers"/> says otherwise.
/// </remarks>
public sealed class SharedMemoryEndPoint : EndPoint
{
    // A Unix socket's path has at most 107 bytes, and its lock file's is longer by these.
    private const int MaxNameBytes = 80;
    private const int MaxPathBytes = 107;

    /// <summary>Names a place in shared memory.</summary>
    /// <param name="name">
    /// A name of 1 to 80 bytes of UTF-8 that contains no slash and does not begin with a dot; or an absolute path of at most 107 bytes.
    /// </param>
    /// <exception cref="ArgumentException">It is neither.</exception>
    public SharedMemoryEndPoint(string name)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        bool isPath = name[0] == '/';
        if (name.Contains('\0') || (isPath && name[^1] == '/'))
            throw new ArgumentException("A path contains no NUL and does not end in a slash.", nameof(name));
        if (name.StartsWith("//", StringComparison.Ordinal))
            throw new ArgumentException("A path begins with one slash.", nameof(name));
        if (!isPath && (name.Contains('/') || name[0] == '.'))
            throw new ArgumentException("A name in shared memory contains no slash, unless it is an absolute path, and does not begin with a dot.", nameof(name));
        int most = isPath ? MaxPathBytes : MaxNameBytes;
        if (Encoding.UTF8.GetByteCount(name) is int length && length > most)
            throw new ArgumentException($"{(isPath ? "A path" : "A name in shared memory")} has at most {most} bytes, this one has {length}.", nameof(name));
        Name = name;
    }

    /// <summary>The name, or the path, which begins with a slash.</summary>
    public string Name { get; }

    /// <inheritdoc/>
    public override AddressFamily AddressFamily => AddressFamily.Unspecified;

    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is SharedMemoryEndPoint other && other.Name == Name;

    /// <inheritdoc/>
    public override int GetHashCode() => Name.GetHashCode(StringComparison.Ordinal);

    /// <summary>The endpoint as it is written.</summary>
    public override string ToString() => $"shm:{Name}";
}
