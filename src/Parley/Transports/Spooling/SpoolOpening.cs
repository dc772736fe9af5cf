using System.Net;
using Parley.Interop.Linux;

namespace Parley.Transports.Spooling;

/// <summary>Opens or makes the file of a spool, and locks it: the file is this user's alone, and this process's as long as it is open.</summary>
internal static unsafe class SpoolOpening
{
    private const uint OwnerOnly = 0x180; // 0600

    internal static DescriptorHandle Open(string path, EndPoint? asked, bool sync, out bool isNew)
    {
        int flags = Libc.O_RDWR | Libc.O_NOFOLLOW | Libc.O_CLOEXEC | Libc.O_NONBLOCK;
        while (true)
        {
            DescriptorHandle file = OpenFile(path, flags | Libc.O_CREAT | Libc.O_EXCL);
            isNew = !file.IsInvalid;
            if (!isNew && Errno.Last == Errno.EEXIST)
                file = OpenFile(path, flags);
            if (file.IsInvalid && Errno.Last == Errno.ENOENT && Directory.Exists(System.IO.Path.GetDirectoryName(System.IO.Path.GetFullPath(path))))
                continue;
            if (file.IsInvalid)
                throw Errno.Last == Errno.ELOOP ? Refused(asked, path, Reason.Denied, "is a symbolic link") : Failed(asked, path, Errno.Last);
            try
            {
                if (!TryLock(file, path, asked))
                {
                    file.Dispose();
                    continue;
                }

                if (isNew && sync)
                    SyncFolder(path, asked);
                return file;
            }
            catch
            {
                file.Dispose();
                throw;
            }
        }
    }

    /// <summary>Removes the file that this process has made and locked.</summary>
    internal static void Remove(string path)
    {
        fixed (byte* name = FileStatus.PathBytes(path))
            _ = Libc.Unlink(name);
    }

    /// <summary>Reserves all of a new file, so that no store into the mapping can fail later.</summary>
    internal static void Reserve(DescriptorHandle file, string path, long length, EndPoint? asked)
    {
        // Nothing of what was there before may remain.
        if (Libc.FTruncate(file, 0) != 0)
            throw Failed(asked, path, Errno.Last);
        int error = Allocate(file, length);
        if (error == 0)
            return;

        // What could be reserved is of no use, and would be in the way of others.
        if (Libc.FTruncate(file, 0) != 0)
            throw Failed(asked, path, Errno.Last);
        throw CannotReserve(path, length, error, asked);
    }

    /// <summary>The same for one that was made before: a copy may have holes, and a store into a hole of a full device would end the process.</summary>
    internal static void ReserveAgain(DescriptorHandle file, string path, long length, EndPoint? asked)
    {
        if (Allocate(file, length) is var error and not 0)
            throw CannotReserve(path, length, error, asked);
    }

    private static int Allocate(DescriptorHandle file, long length)
    {
        while (Libc.FAllocate(file, 0, 0, length) != 0)
        {
            if (Errno.Last is var error && error != Errno.EINTR)
                return error;
        }

        return 0;
    }

    private static ConnectionException CannotReserve(string path, long length, int error, EndPoint? asked) => error == Errno.ENOSPC
        ? new ConnectionException(Step.Open, Reason.Full, asked, $"the spool {path} takes {length} bytes, and there is less room on its device", error)
        : Failed(asked, path, error);

    internal static ConnectionException Refused(EndPoint? asked, string path, Reason reason, string what)
        => new(Step.Open, reason, asked, $"the spool {path} {what}");

    internal static ConnectionException Failed(EndPoint? asked, string path, int error)
        => new(Step.Open, ErrnoReasons.Of(error, Step.Open), asked, $"the spool {path}: {Errno.Describe(error)}", error);

    /// <summary>Gives the lock back, and closes. Once only.</summary>
    internal static void Close(DescriptorHandle file)
    {
        // A child that is being started has the lock as well until its exec: closing would leave it there for so long.
        if (!file.IsClosed)
            _ = Libc.Flock(file, Libc.LOCK_UN);
        file.Dispose();
    }

    /// <returns><see langword="false"/> where the path leads to another file by now.</returns>
    private static bool TryLock(DescriptorHandle file, string path, EndPoint? asked)
    {
        if (FileStatus.OfDescriptor(file, out StatxResult found) is var error and not 0)
            throw Failed(asked, path, error);
        if (!found.IsRegularFile)
            throw Refused(asked, path, Reason.Denied, "is no regular file");
        if (found.Uid != Libc.GetEUid())
            throw Refused(asked, path, Reason.Denied, $"belongs to another user (uid {found.Uid})");
        if ((found.Mode & 0x3F) != 0)
            throw Refused(asked, path, Reason.Denied, "can be used by other users; its mode has to be 0600");
        while (Libc.Flock(file, Libc.LOCK_EX | Libc.LOCK_NB) != 0)
        {
            error = Errno.Last;
            if (error == Errno.EAGAIN)
                throw Refused(asked, path, Reason.InUse, "is in use by another");
            if (error != Errno.EINTR)
                throw Failed(asked, path, error);
        }

        return FileStatus.OfPath(path, out StatxResult named) == 0 && named.IsSameFile(found);
    }

    // Without it the file itself may be gone after a power failure.
    private static void SyncFolder(string path, EndPoint? asked)
    {
        string folder = System.IO.Path.GetDirectoryName(System.IO.Path.GetFullPath(path)) ?? "/";
        using DescriptorHandle opened = OpenFile(folder, Libc.O_RDONLY | Libc.O_CLOEXEC);
        if (opened.IsInvalid || Libc.FDataSync(opened) != 0)
            throw Failed(asked, path, Errno.Last);
    }

    private static DescriptorHandle OpenFile(string path, int flags)
    {
        fixed (byte* name = FileStatus.PathBytes(path))
            return Libc.Open(name, flags, OwnerOnly);
    }
}
