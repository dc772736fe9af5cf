using System.Net;
using Parley.Interop.Linux;

namespace Parley.Transports.SharedMemory;

/// <summary>The directory of this user's names (section 1 of the protocol), into which nobody else may look or put anything.</summary>
internal static unsafe class PrivateDirectory
{
    private const uint Mode = 0x1C0; // 0700
    private const int OthersBits = 0x3F; // 0077
    private const string Name = "parley";
    private const string ForServices = "/run";

    /// <summary>Where it is, whether or not it is there.</summary>
    internal static string Path
    {
        get
        {
            if (Environment.GetEnvironmentVariable("XDG_RUNTIME_DIR") is { } runtime && runtime.StartsWith('/') && IsPrivate(runtime))
                return System.IO.Path.Combine(runtime, Name);
            uint user = Libc.GetEUid();
            string ofUser = $"/run/user/{user}";
            if (IsPrivate(ofUser))
                return System.IO.Path.Combine(ofUser, Name);

            // Not /run/parley, which may be what a service with that name has for itself.
            return $"{(user == 0 && MayWrite(ForServices) ? ForServices : "/tmp")}/{Name}-{user}";
        }
    }

    /// <summary>Sees to it that the directory is this user's alone.</summary>
    /// <param name="makes">Whether it is made where it is missing.</param>
    /// <param name="step">What it is wanted for.</param>
    /// <param name="asked">What stands for it in errors.</param>
    /// <returns>Its path.</returns>
    /// <exception cref="ConnectionException">It is somebody else's, open to others, no directory, or cannot be had.</exception>
    internal static string Open(bool makes, Step step, EndPoint asked) => Open(Path, makes, step, asked);

    /// <summary>The same with a path.</summary>
    internal static string Open(string path, bool makes, Step step, EndPoint asked)
    {
        fixed (byte* name = FileStatus.PathBytes(path))
        {
            if (makes && Libc.MkDir(name, Mode) < 0 && Errno.Last is var error and not Errno.EEXIST)
                throw Failure(path, error, step, asked);
            using DescriptorHandle directory = Libc.Open(name, Libc.O_PATH | Libc.O_NOFOLLOW | Libc.O_CLOEXEC, 0);
            if (directory.IsInvalid)
                throw Failure(path, Errno.Last, step, asked);
            if (FileStatus.OfDescriptor(directory, out StatxResult status) is var unknown and not 0)
                throw Failure(path, unknown, step, asked);
            return Problem(status) is { } problem
                ? throw new ConnectionException(step, Reason.Denied, asked, $"the directory of names, {path}, {problem}")
                : path;
        }
    }

    private static bool IsPrivate(string path) => FileStatus.OfPath(path, out StatxResult status) == 0 && Problem(status) is null;

    private static bool MayWrite(string path)
    {
        fixed (byte* name = FileStatus.PathBytes(path))
            return Libc.FAccessAt(Libc.AT_FDCWD, name, Libc.W_OK, Libc.AT_EACCESS) == 0;
    }

    private static string? Problem(in StatxResult status)
    {
        if (status.IsSymbolicLink)
            return "is a symbolic link";
        if (!status.IsDirectory)
            return "is no directory";
        if (status.Uid != Libc.GetEUid())
            return $"belongs to another user (uid {status.Uid})";
        return (status.Mode & OthersBits) != 0 ? $"lets others in: its mode is {Convert.ToString(status.Mode & 0x1FF, 8)}, and must be 700" : null;
    }

    private static ConnectionException Failure(string path, int error, Step step, EndPoint asked)
        => error == Errno.ENOENT
            ? ConnectionException.FromErrno(step, error, asked)
            : new ConnectionException(step, ErrnoReasons.Of(error, step), asked, $"the directory of names, {path}, cannot be used: {Errno.Describe(error)}", error);
}
