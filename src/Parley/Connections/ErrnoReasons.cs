using static Parley.Interop.Linux.Errno;

namespace Parley;

/// <summary>The one place that turns an error number into a <see cref="Reason"/>.</summary>
internal static class ErrnoReasons
{
    internal static Reason Of(int errorNumber, Step step) => errorNumber switch
    {
        ECONNREFUSED => Reason.Refused,
        EADDRINUSE or EEXIST => Reason.InUse,
        ENOENT => Reason.NotFound,
        EADDRNOTAVAIL => Reason.NotFound,
        EACCES or EPERM or EROFS => Reason.Denied,
        ETIMEDOUT => Reason.TimedOut,
        ECONNRESET or ECONNABORTED or EPIPE => Reason.Reset,
        ENAMETOOLONG or EMSGSIZE => Reason.TooLarge,
        EMFILE or ENFILE or ENOMEM or ENOBUFS => Reason.Limit,
        ENOSPC => Reason.Full,
        EAGAIN when step is Step.Connect => Reason.Full,
        _ => Reason.Other,
    };
}
