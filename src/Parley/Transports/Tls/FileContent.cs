using System.Net;
using System.Security.Cryptography;

namespace Parley.Transports.Tls;

/// <summary>
/// What is in a few files, read anew when one of them has changed. Looking costs a system call or two a file, a thousandth of a handshake, and
/// unlike watching misses nothing, wherever the file comes from.
/// </summary>
internal sealed class FileContent<T>(EndPoint? endPoint, string what, string[] paths, Func<T> read)
    where T : class
{
    private readonly Lock _lock = new();
    private string _seen = "";
    private T? _content;

    /// <summary>Told why what was read before stays in use.</summary>
    internal Action<string>? KeptOld { get; init; }

    /// <summary>What is there now.</summary>
    /// <exception cref="ConnectionException">It cannot be read, and could never be.</exception>
    internal T Get()
    {
        lock (_lock)
        {
            string state = State();
            if (_content is not null && state == _seen)
                return _content;
            try
            {
                _content = read();
            }
            catch (Exception failure) when (failure is IOException or UnauthorizedAccessException or CryptographicException or ArgumentException or FormatException)
            {
                string cause = $"{what} cannot be read from {string.Join(" and ", paths)}: {failure.Message.TrimEnd('.')}";
                if (_content is null)
                    throw new ConnectionException(Step.Open, Reason.Other, endPoint, cause, inner: failure);
                KeptOld?.Invoke(cause);
            }

            // A file that is being written changes once more, and is read once more then.
            _seen = state;
            return _content;
        }
    }

    private string State() => string.Join('|', paths.Select(static path =>
    {
        try
        {
            // Where a link leads is what is renewed.
            var file = new FileInfo(path);
            FileSystemInfo target = file.ResolveLinkTarget(returnFinalTarget: true) ?? file;
            return target is FileInfo { Exists: true } there ? $"{there.FullName} {there.Length} {there.LastWriteTimeUtc.Ticks}" : "";
        }
        catch (Exception missing) when (missing is IOException or UnauthorizedAccessException)
        {
            // Reading it says what is wrong.
            return "";
        }
    }));
}
