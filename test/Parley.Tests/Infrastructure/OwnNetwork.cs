using System.Diagnostics;
using System.Globalization;
using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace Parley.Tests;

/// <summary>Runs code on a thread in a network namespace of its own, which is gone with the thread.</summary>
internal static partial class OwnNetwork
{
    private const int CloneNewNetwork = 0x40000000;
    private const nuint SetInterfaceFlags = 0x8914;
    private const short InterfaceUp = 0x1;

    /// <summary>There the loopback is up, and the kernel has a single port to give to sockets that connect.</summary>
    public static async Task<T> RunAsync<T>(int onlyPort, Func<T> code)
    {
        (bool Entered, T? Result) outcome = await ApartThread.RunAsync(() => Enter(onlyPort) ? (true, code()) : (false, default(T)));
        Skip.IfNot(outcome.Entered, "a network namespace needs root");
        return outcome.Result!;
    }

    /// <summary>There the loopback is up, and the interfaces are those that a script for <c>sh</c> makes.</summary>
    public static async Task<T> RunAsync<T>(string script, Func<T> code)
    {
        (bool Entered, T? Result) outcome = await ApartThread.RunAsync(() => Enter() ? (true, SetUp(script, code)) : (false, default(T)));
        Skip.IfNot(outcome.Entered, "a network namespace needs root");
        return outcome.Result!;
    }

    // A child is born in the namespace of the thread that starts it.
    private static T SetUp<T>(string script, Func<T> code)
    {
        using var setUp = Process.Start(new ProcessStartInfo("sh", ["-e", "-c", script]) { RedirectStandardError = true })!;
        string said = setUp.StandardError.ReadToEnd();
        setUp.WaitForExit();
        Assert.True(setUp.ExitCode == 0, said);
        return code();
    }

    private static bool Enter(int onlyPort)
    {
        if (!Enter())
            return false;
        string port = onlyPort.ToString(CultureInfo.InvariantCulture);
        File.WriteAllText("/proc/sys/net/ipv4/ip_local_port_range", $"{port} {port}");
        return true;
    }

    private static bool Enter()
    {
        if (Unshare(CloneNewNetwork) != 0)
            return false;
        using (var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp))
        {
            var loopback = new InterfaceRequest { Name = 'l' | ('o' << 8), Flags = InterfaceUp };
            Assert.Equal(0, Ioctl((int)socket.Handle, SetInterfaceFlags, in loopback));
        }

        return true;
    }

    [LibraryImport("libc", EntryPoint = "unshare", SetLastError = true)]
    private static partial int Unshare(int flags);

    [LibraryImport("libc", EntryPoint = "ioctl", SetLastError = true)]
    private static partial int Ioctl(int descriptor, nuint request, in InterfaceRequest argument);

    /// <summary><c>struct ifreq</c>.</summary>
    [StructLayout(LayoutKind.Explicit, Size = 40)]
    private struct InterfaceRequest
    {
        [FieldOffset(0)]
        public long Name;

        [FieldOffset(16)]
        public short Flags;
    }
}
