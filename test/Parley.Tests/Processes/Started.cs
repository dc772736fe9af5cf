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

    /// <summary>
    /// What this process has open of the kinds that children need: pipes, by their numbers, and what tells of an exit. Of what else is open
    /// the runtime closes something whenever it likes.
    /// </summary>
    public static string[] Descriptors() => [.. Directory.GetFileSystemEntries("/proc/self/fd")
        .Select(static path => new FileInfo(path).LinkTarget ?? "")
        .Where(static target => target.StartsWith("pipe:", StringComparison.Ordinal) || target.Contains("pidfd", StringComparison.Ordinal))];

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
