using System.Net.Sockets;

namespace Parley;

/// <summary>Names of Unix sockets: a path, or <c>@name</c> for an abstract one, whose leading NUL the BCL writes as <c>@</c>.</summary>
internal static class UnixPath
{
    internal static string Of(UnixDomainSocketEndPoint endPoint) => endPoint.ToString();

    internal static bool IsAbstract(string path) => path.StartsWith('@');

    internal static UnixDomainSocketEndPoint ToEndPoint(string path)
        => new(IsAbstract(path) ? string.Concat("\0", path.AsSpan(1)) : path);
}
