using System.Runtime.InteropServices;

namespace Parley.Tests;

/// <summary>Runs code on a thread that has mounts of its own, which are gone with the thread.</summary>
internal static partial class OwnMounts
{
    private const int CloneNewMounts = 0x20000;
    private const nuint Recursive = 0x4000;
    private const nuint Private = 0x40000;

    public static async Task<T> RunAsync<T>(Func<T> code)
    {
        Skip.IfNot(Native.UserId == 0, "mounts of one's own need root");
        return await ApartThread.RunAsync(() =>
        {
            // What is mounted here must not be seen elsewhere.
            Assert.Equal(0, Unshare(CloneNewMounts));
            Assert.Equal(0, Mount("none", "/", null, Recursive | Private, null));
            return code();
        });
    }

    /// <summary>Mounts a file system that has no device.</summary>
    public static void Mount(string type, string folder, string? options = null) => Assert.Equal(0, Mount(type, folder, type, 0, options));

    /// <summary>Unmounts every one of a type.</summary>
    public static void UnmountAll(string type)
    {
        foreach (string line in File.ReadAllLines("/proc/thread-self/mounts").Where(line => line.Split(' ')[2] == type))
            Assert.Equal(0, Unmount(line.Split(' ')[1]));
    }

    [LibraryImport("libc", EntryPoint = "unshare", SetLastError = true)]
    private static partial int Unshare(int flags);

    [LibraryImport("libc", EntryPoint = "mount", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Mount(string device, string folder, string? type, nuint flags, string? data);

    [LibraryImport("libc", EntryPoint = "umount", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Unmount(string folder);
}
