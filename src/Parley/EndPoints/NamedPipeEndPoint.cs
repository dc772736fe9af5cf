using System.Net;
using System.Net.Sockets;

namespace Parley;

/// <summary>
/// A .NET named pipe (<c>pipe:name</c>), as <see cref="System.IO.Pipes.NamedPipeServerStream"/> and
/// <see cref="System.IO.Pipes.NamedPipeClientStream"/> know it. On Unix that is a Unix socket in the folder for temporary files.
/// </summary>
public sealed class NamedPipeEndPoint : EndPoint
{
    // What .NET keeps for pipes without a name.
    private const string Reserved = "anonymous";

    /// <summary>Names a pipe.</summary>
    /// <param name="name">The name, as .NET programs give it; an absolute path is the socket's own path, as it is there.</param>
    /// <exception cref="ArgumentException">The name is empty, "anonymous", contains a NUL, or is relative and contains a slash.</exception>
    public NamedPipeEndPoint(string name)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        if (name.Equals(Reserved, StringComparison.OrdinalIgnoreCase))
            throw new ArgumentException($"A pipe is not called '{Reserved}', which .NET keeps for pipes without a name.", nameof(name));
        if (name.Contains('\0') || (name.Contains('/') && name[0] != '/'))
            throw new ArgumentException("A pipe's name contains no slash, unless it is an absolute path.", nameof(name));
        Name = name;
    }

    /// <summary>The name.</summary>
    public string Name { get; }

    /// <inheritdoc/>
    public override AddressFamily AddressFamily => AddressFamily.Unspecified;

    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is NamedPipeEndPoint other && other.Name == Name;

    /// <inheritdoc/>
    public override int GetHashCode() => Name.GetHashCode(StringComparison.Ordinal);

    /// <summary>The endpoint as it is written.</summary>
    public override string ToString() => $"pipe:{Name}";
}
