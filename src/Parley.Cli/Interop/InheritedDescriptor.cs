using System.Runtime.InteropServices;

namespace Parley.Cli.Interop;

/// <summary>
/// Writes a descriptor itself that whoever started the command has left open. The runtime's stream for it prepares the terminal for input first, and leaves
/// escape sequences there; one for files writes at an offset of its own, not where the others who share the file go on. And where the descriptor was closed,
/// its number may be a conversation's by now.
/// </summary>
internal sealed unsafe partial class InheritedDescriptor
{
    internal const int EBADF = 9;
    internal const int EPIPE = 32;
    private const int F_GETFD = 1;
    private const int FD_CLOEXEC = 1;
    private const int EINTR = 4;
    private const int EAGAIN = 11;
    private const short POLLOUT = 4;
    private const nuint TIOCGWINSZ = 0x5413;

    private readonly int _number;

    // Whatever this process opened for itself is closed on exec, which an inherited descriptor cannot have been.
    private readonly bool _isInherited;

    private InheritedDescriptor(int number)
    {
        _number = number;
        _isInherited = FileControl(number, F_GETFD, 0) is var flags and >= 0 && (flags & FD_CLOEXEC) == 0;
    }

    internal static InheritedDescriptor StandardOutput { get; } = new(1);

    internal static InheritedDescriptor StandardError { get; } = new(2);

    /// <summary>Writes all of it.</summary>
    /// <returns>0, or the number of the error at which it ended: EBADF where it is closed.</returns>
    internal int Write(ReadOnlySpan<byte> bytes)
    {
        if (!_isInherited)
            return EBADF;
        fixed (byte* start = bytes)
        {
            for (int written = 0; written < bytes.Length;)
            {
                nint count = Write(_number, start + written, (nuint)(bytes.Length - written));
                if (count >= 0)
                    written += (int)count;
                else if (Marshal.GetLastPInvokeError() is var error && !MayTryAgain(error))
                    return error;
            }
        }

        return 0;
    }

    /// <summary>How wide the terminal is that it is, in columns; 0 where it is none, or does not say.</summary>
    internal int Columns()
    {
        ushort* size = stackalloc ushort[4];
        return _isInherited && Control(_number, TIOCGWINSZ, size) == 0 ? size[1] : 0;
    }

    // Somebody who shares it may have made it non-blocking.
    private bool MayTryAgain(int error)
    {
        if (error != EAGAIN)
            return error == EINTR;
        var room = new PollEntry { Descriptor = _number, Events = POLLOUT };
        Poll(&room, 1, -1);
        return true;
    }

    [LibraryImport("libc", EntryPoint = "write", SetLastError = true)]
    private static partial nint Write(int descriptor, byte* bytes, nuint count);

    [LibraryImport("libc", EntryPoint = "fcntl", SetLastError = true)]
    private static partial int FileControl(int descriptor, int command, int argument);

    [LibraryImport("libc", EntryPoint = "ioctl")]
    private static partial int Control(int descriptor, nuint request, void* argument);

    [LibraryImport("libc", EntryPoint = "poll", SetLastError = true)]
    private static partial int Poll(PollEntry* entries, nuint count, int milliseconds);

    [StructLayout(LayoutKind.Sequential)]
    private struct PollEntry
    {
        public int Descriptor;
        public short Events;
        public short Returned;
    }
}
