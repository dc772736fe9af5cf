using System.Runtime.InteropServices;

namespace Parley.Tests;

/// <summary>
/// Runs code on a thread that is another user's, without root's rights, and ends with the code. Who a thread is belongs to the thread
/// alone, as long as the system is asked without the C library.
/// </summary>
internal static partial class OtherUser
{
    public const uint Nobody = 65534;

    public static async Task<T> RunAsync<T>(Func<T> code)
    {
        Skip.IfNot(Native.UserId == 0, "becoming another user needs root");
        return await ApartThread.RunAsync(() =>
        {
            Become(Nobody);
            return code();
        });
    }

    /// <summary>Makes the calling thread another user's for good.</summary>
    public static void Become(uint user)
    {
        (nint setGroup, nint setUser) = RuntimeInformation.ProcessArchitecture switch
        {
            Architecture.X64 => (119, 117),
            Architecture.Arm64 or Architecture.RiscV64 => ((nint)149, (nint)147),
            _ => throw new SkipException("the system call's number on this architecture is not known here"),
        };
        Assert.Equal(0, Call(setGroup, (nint)user, (nint)user, (nint)user));
        Assert.Equal(0, Call(setUser, (nint)user, (nint)user, (nint)user));
    }

    [LibraryImport("libc", EntryPoint = "syscall", SetLastError = true)]
    private static partial nint Call(nint number, nint first, nint second, nint third);
}
