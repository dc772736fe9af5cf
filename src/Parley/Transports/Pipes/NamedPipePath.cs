using System.Net.Sockets;
using System.Text;
using Parley.Interop.Linux;

namespace Parley.Transports.Pipes;

/// <summary>Where .NET has the Unix socket of a named pipe: the folder for temporary files, or an absolute path as the name itself.</summary>
internal static class NamedPipePath
{
    private const string Prefix = "CoreFxPipe_";
    private const int MaxPathBytes = 107;

    /// <summary>The socket that stands for the pipe.</summary>
    /// <param name="pipe">The pipe.</param>
    /// <param name="step">What it is wanted for.</param>
    /// <exception cref="ConnectionException">The path is too long for a socket.</exception>
    internal static UnixDomainSocketEndPoint Of(NamedPipeEndPoint pipe, Step step)
    {
        // Full, because TMPDIR may be relative, and may begin with the @ of an abstract socket.
        string path = pipe.Name[0] == '/' ? pipe.Name : Path.GetFullPath(Path.Combine(Path.GetTempPath(), Prefix + pipe.Name));
        int length = Encoding.UTF8.GetByteCount(path);
        return length <= MaxPathBytes
            ? new UnixDomainSocketEndPoint(path)
            : throw new ConnectionException(
                step, Reason.TooLarge, pipe, $"its socket is {path} with {length} bytes, and a path has at most {MaxPathBytes}", Errno.ENAMETOOLONG);
    }
}
