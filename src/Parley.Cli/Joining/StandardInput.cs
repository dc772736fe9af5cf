using Microsoft.Win32.SafeHandles;

namespace Parley.Cli.Joining;

/// <summary>What can be told of standard input before it is read.</summary>
internal static class StandardInput
{
    /// <summary>How many bytes are left in it, where it is a file; <see langword="null"/> for all else.</summary>
    internal static long? BytesLeft()
    {
        using var handle = new SafeFileHandle(0, ownsHandle: false);
        try
        {
            using var file = new FileStream(handle, FileAccess.Read, bufferSize: 0);
            return file.CanSeek && file.Length - file.Position is var left and > 0 ? left : null;
        }
        catch (Exception unknown) when (unknown is IOException or UnauthorizedAccessException or ArgumentException)
        {
            // Closed, or a directory: who reads it says so.
            return null;
        }
    }
}
