using System.Net;
using System.Net.Sockets;

namespace Parley;

/// <summary>This process's standard input and output (<c>stdio:</c> or <c>-</c>), as one stream. Can be connected to once a process.</summary>
public sealed class StandardStreamsEndPoint : EndPoint
{
    private StandardStreamsEndPoint()
    {
    }

    /// <summary>The only one there is.</summary>
    public static StandardStreamsEndPoint Instance { get; } = new();

    /// <inheritdoc/>
    public override AddressFamily AddressFamily => AddressFamily.Unspecified;

    /// <summary>The endpoint as it is written.</summary>
    public override string ToString() => "stdio:";
}
