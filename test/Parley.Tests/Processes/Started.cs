using System.Globalization;

namespace Parley.Tests.Processes;

/// <summary>Programs that a test talks to.</summary>
internal static class Started
{
    public static Task<Connection> Program(string program, params string[] arguments) => Connect(new ProcessEndPoint(program, arguments));

    /// <summary>A script for <c>sh</c>; what it is given is <c>$1</c> and so on.</summary>
    public static Task<Connection> Script(string script, ConnectionOptions? options = null, params string[] arguments)
        => Connect(new ProcessEndPoint("sh", ["-c", script, "sh", .. arguments]), options);

    public static Task<Connection> Connect(ProcessEndPoint program, ConnectionOptions? options = null)
        => Connection.ConnectAsync(program, options).Within();

    public static int Pid(Connection connection)
    {
        Assert.True(connection.TryGetPeerCredentials(out PeerCredentials credentials));
        return credentials.ProcessId;
    }

    public static int ExitCode(Connection connection)
    {
        Assert.True(connection.TryGetExitCode(out int code), "it has not exited");
        return code;
    }

    /// <summary>Also not as a zombie.</summary>
    public static bool IsGone(int pid) => !Directory.Exists($"/proc/{pid}");

    public static Task GoneAsync(int pid) => Eventually.TrueAsync(() => IsGone(pid), $"process {pid} is gone and reaped");

    public static string Descriptors(string process)
    {
        string folder = $"/proc/{process}/fd";
        return string.Join('\n', Directory.GetFileSystemEntries(folder).Select(Path.GetFileName).Order(StringComparer.Ordinal));
    }

    /// <summary>Descriptors beyond the standard streams that are not closed on exec: this process was given them, for .NET closes all.</summary>
    public static int InheritedDescriptors() => Directory.GetFileSystemEntries("/proc/self/fdinfo")
        .Count(static file => int.Parse(Path.GetFileName(file), CultureInfo.InvariantCulture) > 2 && !IsClosedOnExec(file));

    private static bool IsClosedOnExec(string file)
    {
        const int CloseOnExec = 0x80000;
        try
        {
            string flags = File.ReadLines(file).Single(static line => line.StartsWith("flags:", StringComparison.Ordinal));
            return (Convert.ToInt32(flags["flags:".Length..].Trim(), 8) & CloseOnExec) != 0;
        }
        catch (IOException)
        {
            // Closed between the listing and the look.
            return true;
        }
    }
}
