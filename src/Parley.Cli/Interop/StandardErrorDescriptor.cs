using System.Runtime.InteropServices;

namespace Parley.Cli.Interop;

/// <summary>
/// Writes descriptor 2 itself. The runtime's stream for it prepares the terminal for input first, and leaves escape sequences there; and where
/// standard error was closed, its number may be a conversation's by now.
/// </summary>
internal static unsafe partial class StandardErrorDescriptor
{
    private const int Number = 2;
    private const int F_GETFD = 1;
    private const int FD_CLOEXEC = 1;
    private const int EINTR = 4;
    private const int EAGAIN = 11;
    private const short POLLOUT = 4;

    // Whatever this process opened for itself is closed on exec, which an inherited descriptor cannot have been.
    private static readonly bool IsInherited = FileControl(Number, F_GETFD, 0) is var flags and >= 0 && (flags & FD_CLOEXEC) == 0;

    /// <summary>Writes all of it. Where nobody reads it, or it is closed, there is nobody left to tell.</summary>
    internal static void Write(ReadOnlySpan<byte> bytes)
    {
        if (!IsInherited)
            return;
        fixed (byte* start = bytes)
        {
            for (int written = 0; written < bytes.Length;)
            {
                nint count = Write(Number, start + written, (nuint)(bytes.Length - written));
                if (count >= 0)
                    written += (int)count;
                else if (!MayTryAgain(Marshal.GetLastPInvokeError()))
                    return;
            }
        }
    }

    // Somebody who shares it may have made it non-blocking.
    private static bool MayTryAgain(int error)
    {
        if (error != EAGAIN)
            return error == EINTR;
        var room = new PollEntry { Descriptor = Number, Events = POLLOUT };
        Poll(&room, 1, -1);
        return true;
    }

    [LibraryImport("libc", EntryPoint = "write", SetLastError = true)]
    private static partial nint Write(int descriptor, byte* bytes, nuint count);

    [LibraryImport("libc", EntryPoint = "fcntl", SetLastError = true)]
    private static partial int FileControl(int descriptor, int command, int argument);

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
