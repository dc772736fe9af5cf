using Parley.Interop.Linux;

namespace Parley.Transports.Sockets;

/// <summary>What an error of accept says about.</summary>
internal static class AcceptErrors
{
    /// <summary>The process or the system has no room for one more: accepting can go on when something was closed.</summary>
    internal static bool IsLimit(int error) => error is Errno.EMFILE or Errno.ENFILE or Errno.ENOBUFS or Errno.ENOMEM;

    /// <summary>
    /// The listener itself is unusable. Every other error is that of one client who is gone already (accept(2) hands over the errors of
    /// the network that wait on the new socket), and the next one is not to suffer from it.
    /// </summary>
    internal static bool IsOfTheListener(int error) => error is Errno.EINVAL or Errno.ENOTSOCK or 9 /* EBADF */ or 95 /* EOPNOTSUPP */;
}
