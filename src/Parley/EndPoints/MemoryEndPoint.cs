using System.Net;
using System.Net.Sockets;

namespace Parley;

/// <summary>A name within this process (<c>mem:name</c>): for tests.</summary>
/// <param name="name">The name; any text that is not empty.</param>
public sealed class MemoryEndPoint(string name) : EndPoint, IEquatable<MemoryEndPoint>
{
    /// <summary>The name.</summary>
    public string Name { get; } = string.IsNullOrEmpty(name) ? throw new ArgumentException("A name is needed.", nameof(name)) : name;

    /// <inheritdoc/>
    public override AddressFamily AddressFamily => AddressFamily.Unspecified;

    /// <inheritdoc/>
    public bool Equals(MemoryEndPoint? other) => other is not null && other.Name == Name;

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as MemoryEndPoint);

    /// <inheritdoc/>
    public override int GetHashCode() => StringComparer.Ordinal.GetHashCode(Name);

    /// <summary>The endpoint as it is written.</summary>
    public override string ToString() => "mem:" + Name;
}
