using System.Net.Sockets;
using System.Text;
using Parley.Interop.Linux;

namespace Parley.Transports.SharedMemory;

/// <summary>The socket at which the two sides of a name meet.</summary>
internal static class SocketPlace
{
    internal const string Suffix = ".sock";
    private const int MaxPathBytes = 107;

    /// <summary>The socket that stands for the endpoint.</summary>
    /// <param name="endPoint">The endpoint.</param>
    /// <param name="makes">Whether the directory of names is made where it is missing.</param>
    /// <param name="step">What it is wanted for.</param>
    /// <exception cref="ConnectionException">The directory of names cannot be trusted, or the path is too long for a socket.</exception>
    internal static UnixDomainSocketEndPoint Of(SharedMemoryEndPoint endPoint, bool makes, Step step)
    {
        string path = endPoint.Name[0] == '/' ? endPoint.Name : Path.Combine(PrivateDirectory.Open(makes, step, endPoint), endPoint.Name + Suffix);
        int length = Encoding.UTF8.GetByteCount(path);
        return length <= MaxPathBytes
            ? new UnixDomainSocketEndPoint(path)
            : throw new ConnectionException(
                step, Reason.TooLarge, endPoint, $"its socket is {path} with {length} bytes, and a path has at most {MaxPathBytes}", Errno.ENAMETOOLONG);
    }
}
