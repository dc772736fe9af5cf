using System.Net;
using Parley.Interop.Linux;

namespace Parley.Transports.Descriptors;

/// <summary>
/// Whom a FIFO or a queue belongs to: the kernel knows no peer of theirs, but whoever made the object can read and write it, and put another one in its place.
/// </summary>
internal static class OwnerCheck
{
    /// <summary>Looks at what is open, or pinned: there is no moment at which something else could be meant.</summary>
    /// <exception cref="ConnectionException"><see cref="Reason.Denied"/>: the rules do not allow its owner.</exception>
    internal static void Run(DescriptorHandle file, ConnectionOptions options, EndPoint asked)
    {
        if (options.AccessRules is not { } rules)
            return;
        if (FileStatus.OfDescriptor(file, out StatxResult found) is var error and not 0)
            throw ConnectionException.FromErrno(Step.Open, error, asked);
        if (!rules.Permit(found.Uid, found.Gid))
            throw new ConnectionException(Step.Open, Reason.Denied, asked, $"it belongs to uid {found.Uid}: the rules do not allow it");
    }
}
