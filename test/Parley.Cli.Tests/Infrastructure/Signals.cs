using System.ComponentModel;
using System.Runtime.InteropServices;

namespace Parley.Cli.Tests;

/// <summary>Signal numbers of Linux on every architecture that .NET runs on.</summary>
internal enum Signal
{
    HangUp = 1,
    Interrupt = 2,
    Kill = 9,
    User1 = 10,
    Terminate = 15,
    Continue = 18,
    Stop = 19,
}

internal static partial class Signals
{
    public static void Send(int process, Signal signal)
    {
        if (Kill(process, (int)signal) != 0)
            throw new Win32Exception(Marshal.GetLastPInvokeError(), $"kill({process}, {signal}): {Marshal.GetLastPInvokeErrorMessage()}");
    }

    [LibraryImport("libc", EntryPoint = "kill", SetLastError = true)]
    private static partial int Kill(int process, int signal);
}
