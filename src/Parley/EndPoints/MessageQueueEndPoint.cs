using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Parley;

/// <summary>A POSIX message queue (<c>mq:/name</c>), as <c>mq_open</c> knows it. Linux only.</summary>
public sealed class MessageQueueEndPoint : EndPoint
{
    /// <summary>NAME_MAX of the file system that the kernel keeps queues in.</summary>
    private const int MaxNameBytes = 255;

    /// <summary>Names a queue.</summary>
    /// <param name="name">Its name: a slash, and 1 to 255 bytes of UTF-8 without another slash.</param>
    /// <exception cref="ArgumentException">It is no such name.</exception>
    public MessageQueueEndPoint(string name)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        if (name[0] != '/' || name.Length == 1 || name.IndexOf('/', 1) >= 0 || name.Contains('\0') || name is "/." or "/..")
            throw new ArgumentException("A queue's name is a slash and a name without another one, such as /orders.", nameof(name));
        if (Encoding.UTF8.GetByteCount(name) > MaxNameBytes + 1)
            throw new ArgumentException($"A queue's name has at most {MaxNameBytes} bytes after its slash.", nameof(name));
        Name = name;
    }

    /// <summary>The name, with its slash.</summary>
    public string Name { get; }

    /// <inheritdoc/>
    public override AddressFamily AddressFamily => AddressFamily.Unspecified;

    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is MessageQueueEndPoint other && other.Name == Name;

    /// <inheritdoc/>
    public override int GetHashCode() => Name.GetHashCode(StringComparison.Ordinal);

    /// <summary>The endpoint as it is written.</summary>
    public override string ToString() => $"mq:{Name}";
}
