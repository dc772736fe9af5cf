using System.Runtime.InteropServices;

namespace Parley.Tests;

/// <summary>Runs code on a thread that belongs to another user, without any rights, and is gone afterwards.</summary>
internal static partial class OtherUser
{
    private const int Nobody = 65534;

    public static async Task<T> RunAsync<T>(Func<T> code)
    {
        Skip.IfNot(Native.UserId == 0, "to become another user needs root");
        return await OnItsOwnThread.Run(() =>
        {
            // The library's function would change every thread of the process, the system call changes this one.
            Assert.Equal(0, SystemCall(NumberOfSetResUid(), Nobody, Nobody, Nobody));
            return code();
        }).Within();
    }

    private static long NumberOfSetResUid() => RuntimeInformation.ProcessArchitecture switch
    {
        Architecture.X64 => 117,
        _ => 147,
    };

    [LibraryImport("libc", EntryPoint = "syscall", SetLastError = true)]
    private static partial long SystemCall(long number, long real, long effective, long saved);
}
