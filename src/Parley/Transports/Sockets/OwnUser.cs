using System.Net;
using Parley.Interop.Linux;

namespace Parley.Transports.Sockets;

/// <summary>
/// Who may be on the other end of a socket that lies where any user can put one: this user, and root, who can be everybody anyway.
/// </summary>
internal static unsafe class OwnUser
{
    internal static bool Includes(uint userId) => userId == 0 || userId == Libc.GetEUid();

    /// <summary>Whether the peer is one of them. The kernel knows who connected, and who listened, by then.</summary>
    internal static bool IsPeer(DescriptorHandle socket, out uint userId)
    {
        bool known = SocketCalls.TryGetPeerCredentials(socket, out PeerCredentials peer);
        userId = peer.UserId;
        return known && Includes(userId);
    }

    /// <summary>
    /// Opens the file of a socket to connect to, so that it cannot be exchanged between the look at it and the use of it. Another
    /// user's symbolic link, which could lead to a socket of this user's that is meant for something else, is not followed.
    /// </summary>
    /// <exception cref="ConnectionException">It is not there, or another user's.</exception>
    internal static DescriptorHandle OpenFile(string path, EndPoint asked, bool allowsOthers)
    {
        DescriptorHandle file = Open(path, Libc.O_NOFOLLOW, asked);
        try
        {
            StatxResult found = Check(file, asked, allowsOthers);
            if (!found.IsSymbolicLink)
                return file;
            file.Dispose();
            file = Open(path, 0, asked);
            Check(file, asked, allowsOthers);
            return file;
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    private static DescriptorHandle Open(string path, int flags, EndPoint asked)
    {
        fixed (byte* name = FileStatus.PathBytes(path))
        {
            DescriptorHandle file = Libc.Open(name, Libc.O_PATH | Libc.O_CLOEXEC | flags, 0);
            return file.IsInvalid ? throw ConnectionException.FromErrno(Step.Connect, Errno.Last, asked) : file;
        }
    }

    private static StatxResult Check(DescriptorHandle file, EndPoint asked, bool allowsOthers)
    {
        if (FileStatus.OfDescriptor(file, out StatxResult found) is var error and not 0)
            throw ConnectionException.FromErrno(Step.Connect, error, asked);
        return allowsOthers || Includes(found.Uid)
            ? found
            : throw new ConnectionException(Step.Connect, Reason.Denied, asked, $"the name belongs to another user (uid {found.Uid})");
    }
}
