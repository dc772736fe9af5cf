using System.Net;
using Parley.Interop.Linux;

namespace Parley.Transports.Sockets;

/// <summary>
/// Who may be on the other end of a socket that lies where any user can put one: this user, and root, who can be everybody anyway.
/// </summary>
internal static unsafe class OwnUser
{
    internal static bool Includes(uint userId) => userId == 0 || IsThis(userId);

    internal static bool IsThis(uint userId) => userId == Libc.GetEUid();

    /// <summary>
    /// Opens the file of a socket to connect to, so that it cannot be exchanged between the look at it and the use of it. Another
    /// user's symbolic link, which could lead to a socket of this user's that is meant for something else, is not followed.
    /// </summary>
    /// <exception cref="ConnectionException">It is not there, or another user's.</exception>
    internal static DescriptorHandle OpenFile(string path, EndPoint asked, ConnectionOptions options)
    {
        DescriptorHandle file = Open(path, Libc.O_NOFOLLOW, asked);
        try
        {
            StatxResult found = Check(file, asked, options);
            if (!found.IsSymbolicLink)
                return file;
            file.Dispose();
            file = Open(path, 0, asked);
            Check(file, asked, options);
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

    private static StatxResult Check(DescriptorHandle file, EndPoint asked, ConnectionOptions options)
    {
        if (FileStatus.OfDescriptor(file, out StatxResult found) is var error and not 0)
            throw ConnectionException.FromErrno(Step.Connect, error, asked);
        if (found.Uid == 0)
            return found;
        return LocalPeer.Objection(options, ownUserOnly: true, new PeerCredentials(0, found.Uid, found.Gid)) is not { } objection
            ? found
            : throw new ConnectionException(Step.Connect, Reason.Denied, asked, $"the name belongs to another user (uid {found.Uid}), and {(objection == LocalPeer.RulesSayNo ? objection : "only a server of this user's or root's is talked to unasked")}");
    }
}
