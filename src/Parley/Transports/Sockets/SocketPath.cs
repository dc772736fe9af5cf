using System.Net;
using System.Net.Sockets;
using System.Text;
using Parley.Interop.Linux;
using Parley.Transports.Addresses;

namespace Parley.Transports.Sockets;

/// <summary>
/// The right to a Unix socket's path. A listener that was killed leaves its path behind; a lock file beside it, which the kernel unlocks
/// with the death of its holder, and a probe tell such a path from a live listener's, which is never touched.
/// </summary>
internal sealed unsafe class SocketPath : IDisposable
{
    private const uint LockMode = 0x180; // 0600
    private const int PermissionBits = 0x1FF; // 0777

    private readonly string _path;
    private readonly string _lockPath;
    private readonly DescriptorHandle _lock;
    private readonly bool _ownUserOnly;
    private StatxResult _bound;
    private bool _isBound;

    private SocketPath(string path, string lockPath, DescriptorHandle held, bool ownUserOnly)
    {
        _ownUserOnly = ownUserOnly;
        _path = path;
        _lockPath = lockPath;
        _lock = held;
    }

    /// <summary>Takes the path: free, or left behind by a listener that is no more.</summary>
    /// <param name="path">The path.</param>
    /// <param name="asked">What stands for it in errors.</param>
    /// <param name="ownUserOnly">Whether nothing that another user has put there is used or removed, though it could be.</param>
    internal static SocketPath Claim(string path, EndPoint asked, bool ownUserOnly)
    {
        CheckLength(path, asked);
        string lockPath = path + ".lock";
        var claimed = new SocketPath(path, lockPath, TakeLock(lockPath, asked, ownUserOnly), ownUserOnly);
        try
        {
            claimed.RemoveIfStale(asked);
            return claimed;
        }
        catch
        {
            claimed.Dispose();
            throw;
        }
    }

    /// <summary>
    /// What stands at a path where nobody listens, if it is no socket at all: the kernel refuses to connect to a file of any kind as it does
    /// to a socket that was left behind.
    /// </summary>
    internal static string? DescribeOther(string path)
    {
        using DescriptorHandle file = Open(path, Libc.O_PATH | Libc.O_CLOEXEC);
        if (file.IsInvalid || FileStatus.OfDescriptor(file, out StatxResult found) != 0 || found.IsSocket)
            return null;
        return found.IsDirectory ? "the path is a directory" : "the path is not a socket";
    }

    internal static void CheckLength(string path, EndPoint asked)
    {
        int length = Encoding.UTF8.GetByteCount(path);
        if (length > KernelAddress.MaxPathBytes)
        {
            throw new ConnectionException(
                Step.Bind, Reason.TooLarge, asked,
                $"the path of a Unix socket has at most {KernelAddress.MaxPathBytes} bytes, this one has {length}", Errno.ENAMETOOLONG);
        }
    }

    /// <summary>
    /// Remembers which file is ours, so that another one of that name is never removed, and gives it the permissions that the umask kept
    /// from it.
    /// </summary>
    internal void NoteBound(UnixFileMode mode, EndPoint asked)
    {
        _isBound = FileStatus.OfPath(_path, out _bound) == 0;
        if (!_isBound || (UnixFileMode)(_bound.Mode & PermissionBits) == mode)
            return;

        // By a descriptor of the very file, whatever the path leads to by now.
        using DescriptorHandle file = Open(_path, Libc.O_PATH | Libc.O_NOFOLLOW | Libc.O_CLOEXEC);
        if (file.IsInvalid || FileStatus.OfDescriptor(file, out StatxResult opened) != 0 || !opened.IsSameFile(_bound))
            throw ConnectionException.FromErrno(Step.Bind, file.IsInvalid ? Errno.Last : Errno.EADDRINUSE, asked);
        fixed (byte* self = FileStatus.PathBytes($"/proc/self/fd/{file.Number}"))
        {
            if (Libc.ChMod(self, (uint)mode) < 0)
                throw ConnectionException.FromErrno(Step.Bind, Errno.Last, asked);
        }
    }

    /// <summary>Removes the socket's file if it is still ours, and then the lock.</summary>
    public void Dispose()
    {
        if (_lock.IsClosed)
            return;
        if (_isBound && FileStatus.OfPath(_path, out StatxResult now) == 0 && now.IsSameFile(_bound))
            Unlink(_path);

        // Removed while it is held: whoever opened it before finds that its lock belongs to no path any more, and tries again.
        Unlink(_lockPath);
        _lock.Dispose();
    }

    private static DescriptorHandle TakeLock(string lockPath, EndPoint asked, bool ownUserOnly)
    {
        while (true)
        {
            DescriptorHandle handle = Open(lockPath, Libc.O_RDWR | Libc.O_CREAT | Libc.O_NOFOLLOW | Libc.O_CLOEXEC);
            if (handle.IsInvalid)
                throw LockFailure(lockPath, Errno.Last, asked);

            // Before it is locked: another user who made it, and lets us in, could hold it for ever or exchange it.
            if (ownUserOnly && (FileStatus.OfDescriptor(handle, out StatxResult opened) != 0 || opened.Uid != Libc.GetEUid()))
            {
                handle.Dispose();
                throw LockFailure(lockPath, Errno.EACCES, asked);
            }

            if (Libc.Flock(handle, Libc.LOCK_EX | Libc.LOCK_NB) < 0)
            {
                int error = Errno.Last;
                handle.Dispose();
                if (error == Errno.EINTR)
                    continue;
                throw error == Errno.EAGAIN ? InUse(asked) : ConnectionException.FromErrno(Step.Bind, error, asked);
            }

            if (FileStatus.OfDescriptor(handle, out StatxResult held) == 0
                && FileStatus.OfPath(lockPath, out StatxResult named) == 0 && held.IsSameFile(named))
            {
                return handle;
            }

            handle.Dispose();
        }
    }

    /// <summary>Names the lock file where it is what stands in the way.</summary>
    private static ConnectionException LockFailure(string lockPath, int error, EndPoint asked)
    {
        if (FileStatus.OfPath(lockPath, out StatxResult found) != 0)
            return ConnectionException.FromErrno(Step.Bind, error, asked);
        if (!found.IsRegularFile)
            return new ConnectionException(Step.Bind, Reason.Denied, asked, $"{lockPath}, where the lock file belongs, is no regular file", error);
        return found.Uid == Libc.GetEUid()
            ? ConnectionException.FromErrno(Step.Bind, error, asked)
            : new ConnectionException(Step.Bind, Reason.Denied, asked, $"the lock file {lockPath} belongs to another user (uid {found.Uid})", error);
    }

    private void RemoveIfStale(EndPoint asked)
    {
        if (FileStatus.OfPath(_path, out StatxResult found) != 0)
            return;
        if (_ownUserOnly && found.Uid != Libc.GetEUid())
            throw new ConnectionException(Step.Bind, Reason.Denied, asked, $"the name belongs to another user (uid {found.Uid})");
        if (!found.IsSocket)
        {
            string what = found.IsDirectory ? "is a directory" : "exists and is not a socket";
            throw new ConnectionException(Step.Bind, Reason.InUse, asked, $"the path {what}", Errno.EADDRINUSE);
        }

        switch (Probe(_path))
        {
            case Errno.ECONNREFUSED:
                if (Unlink(_path) is var error and not 0 and not Errno.ENOENT)
                    throw ConnectionException.FromErrno(Step.Bind, error, asked);
                break;
            case Errno.ENOENT:
                break;
            default:
                throw InUse(asked);
        }
    }

    /// <summary>
    /// Whether a socket is still bound there: ECONNREFUSED when the path is all that is left. Asked with a datagram socket, which the
    /// kernel tells that a listener is of another type (EPROTOTYPE): so the listener never sees a client that is none, which a server
    /// for one client would take for it.
    /// </summary>
    internal static int Probe(string path)
    {
        using DescriptorHandle socket = Libc.Socket(Libc.AF_UNIX, Libc.SOCK_DGRAM | Libc.SOCK_NONBLOCK | Libc.SOCK_CLOEXEC, 0);
        if (socket.IsInvalid)
            return Errno.Last;
        byte* address = stackalloc byte[KernelAddress.MaxSize];
        uint length = KernelAddress.Encode(new UnixDomainSocketEndPoint(path), address);
        return Libc.Connect(socket, address, length) == 0 ? 0 : Errno.Last;
    }

    private static ConnectionException InUse(EndPoint asked) => ConnectionException.FromErrno(Step.Bind, Errno.EADDRINUSE, asked);

    private static DescriptorHandle Open(string path, int flags)
    {
        fixed (byte* name = FileStatus.PathBytes(path))
            return Libc.Open(name, flags, LockMode);
    }

    private static int Unlink(string path)
    {
        fixed (byte* name = FileStatus.PathBytes(path))
            return Libc.Unlink(name) == 0 ? 0 : Errno.Last;
    }
}
