using System.Runtime.InteropServices;

namespace Parley.Interop.Linux;

/// <summary>Error numbers of Linux on every architecture that .NET runs on, and their names.</summary>
internal static class Errno
{
    internal const int EPERM = 1;
    internal const int ENOENT = 2;
    internal const int EINTR = 4;
    internal const int EIO = 5;
    internal const int ENXIO = 6;
    internal const int E2BIG = 7;
    internal const int ENOEXEC = 8;
    internal const int EBADF = 9;
    internal const int ECHILD = 10;
    internal const int EAGAIN = 11;
    internal const int ENOMEM = 12;
    internal const int EACCES = 13;
    internal const int EEXIST = 17;
    internal const int ENOTDIR = 20;
    internal const int EISDIR = 21;
    internal const int ENODEV = 19;
    internal const int EINVAL = 22;
    internal const int ENFILE = 23;
    internal const int EMFILE = 24;
    internal const int ENOSPC = 28;
    internal const int EROFS = 30;
    internal const int EPIPE = 32;
    internal const int ERANGE = 34;
    internal const int ENAMETOOLONG = 36;
    internal const int ELOOP = 40;
    internal const int EPROTO = 71;
    internal const int ENOSYS = 38;
    internal const int ENOTSOCK = 88;
    internal const int EMSGSIZE = 90;
    internal const int EPROTOTYPE = 91;
    internal const int EOPNOTSUPP = 95;
    internal const int EADDRINUSE = 98;
    internal const int EADDRNOTAVAIL = 99;
    internal const int ENETDOWN = 100;
    internal const int ENETUNREACH = 101;
    internal const int ECONNABORTED = 103;
    internal const int ECONNRESET = 104;
    internal const int ENOBUFS = 105;
    internal const int ENOTCONN = 107;
    internal const int ETIMEDOUT = 110;
    internal const int ECONNREFUSED = 111;
    internal const int EHOSTUNREACH = 113;
    internal const int EINPROGRESS = 115;

    /// <summary>The number that the last system call of this thread left.</summary>
    internal static int Last => Marshal.GetLastPInvokeError();

    /// <summary>The C library's, for a call that kept none, where that takes too long: to be read before any other call.</summary>
    internal static int Current => Marshal.GetLastSystemError();

    internal static string Name(int number) => number switch
    {
        EPERM => nameof(EPERM),
        ENOENT => nameof(ENOENT),
        EINTR => nameof(EINTR),
        EIO => nameof(EIO),
        ENXIO => nameof(ENXIO),
        E2BIG => nameof(E2BIG),
        ENOEXEC => nameof(ENOEXEC),
        EBADF => nameof(EBADF),
        ECHILD => nameof(ECHILD),
        EAGAIN => nameof(EAGAIN),
        ENOMEM => nameof(ENOMEM),
        EACCES => nameof(EACCES),
        EEXIST => nameof(EEXIST),
        ENOTDIR => nameof(ENOTDIR),
        EISDIR => nameof(EISDIR),
        ENODEV => nameof(ENODEV),
        EINVAL => nameof(EINVAL),
        ENFILE => nameof(ENFILE),
        EMFILE => nameof(EMFILE),
        27 => "EFBIG",
        ENOSPC => nameof(ENOSPC),
        EROFS => nameof(EROFS),
        EPIPE => nameof(EPIPE),
        ERANGE => nameof(ERANGE),
        ENAMETOOLONG => nameof(ENAMETOOLONG),
        ENOSYS => nameof(ENOSYS),
        ELOOP => nameof(ELOOP),
        EPROTO => nameof(EPROTO),
        ENOTSOCK => nameof(ENOTSOCK),
        EMSGSIZE => nameof(EMSGSIZE),
        EPROTOTYPE => nameof(EPROTOTYPE),
        EADDRINUSE => nameof(EADDRINUSE),
        EADDRNOTAVAIL => nameof(EADDRNOTAVAIL),
        ENETDOWN => nameof(ENETDOWN),
        ENETUNREACH => nameof(ENETUNREACH),
        ECONNABORTED => nameof(ECONNABORTED),
        ECONNRESET => nameof(ECONNRESET),
        ENOBUFS => nameof(ENOBUFS),
        ENOTCONN => nameof(ENOTCONN),
        ETIMEDOUT => nameof(ETIMEDOUT),
        ECONNREFUSED => nameof(ECONNREFUSED),
        EHOSTUNREACH => nameof(EHOSTUNREACH),
        EINPROGRESS => nameof(EINPROGRESS),
        97 => "EAFNOSUPPORT",
        112 => "EHOSTDOWN",
        _ => $"errno {number}",
    };

    /// <summary>What the number means, in the words that programs print.</summary>
    internal static string Describe(int number) => number switch
    {
        EPERM => "operation not permitted",
        ENOENT => "no such file or directory",
        EACCES => "permission denied",
        EADDRINUSE => "address already in use",
        EADDRNOTAVAIL => "address not available on this machine",
        ECONNREFUSED => "connection refused",
        ECONNRESET => "connection reset by peer",
        ECONNABORTED => "connection aborted",
        EPIPE => "the peer reads no more",
        ETIMEDOUT => "timed out",
        ENETUNREACH => "network unreachable",
        EHOSTUNREACH => "host unreachable",
        EEXIST => "exists already",
        ENOTDIR => "a part of the path is not a directory",
        EISDIR => "is a directory",
        ENOTSOCK => "not a socket",
        EMSGSIZE => "message too long",
        EPROTOTYPE => "a socket of another type",
        ENAMETOOLONG => "name too long",
        EMFILE => "this process has no file descriptor left",
        ENFILE => "the system has no file descriptor left",
        ENOSPC => "no space left on device",
        EROFS => "read-only file system",
        _ => Marshal.GetPInvokeErrorMessage(number) is { Length: > 0 } text ? char.ToLowerInvariant(text[0]) + text[1..] : $"error {number}",
    };
}
