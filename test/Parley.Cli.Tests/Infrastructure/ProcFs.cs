using System.Globalization;
using System.Runtime.InteropServices;

namespace Parley.Cli.Tests;

/// <summary>What the kernel says about a process and its sockets.</summary>
internal static class ProcFs
{
    private const string StateListen = "0A";
    private const string StateTimeWait = "06";

    // __SO_ACCEPTCON in the flags of /proc/net/unix.
    private const int AcceptsConnections = 0x10000;

    // The numbers of the system calls.
    private static readonly string OpenAt = RuntimeInformation.ProcessArchitecture == Architecture.X64 ? "257 " : "56 ";
    private static readonly string Close = RuntimeInformation.ProcessArchitecture == Architecture.X64 ? "3 " : "57 ";

    /// <summary>Processor time in clock ticks, user and system. A tick is 10 ms on every Linux that .NET runs on.</summary>
    public static long CpuTicks(int process)
    {
        string stat = File.ReadAllText($"/proc/{process}/stat");
        string[] fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
        return long.Parse(fields[11], CultureInfo.InvariantCulture) + long.Parse(fields[12], CultureInfo.InvariantCulture);
    }

    public static int SocketCount(int process) => SocketInodes(process).Count;

    /// <summary>Whether a descriptor of it is a file of that name, or a queue.</summary>
    public static bool HasOpen(int process, string path)
        => Directory.Exists($"/proc/{process}/fd") && Directory.GetFileSystemEntries($"/proc/{process}/fd").Any(descriptor => TargetOf(descriptor) == path);

    public static int DescriptorCount(int process) => Directory.GetFileSystemEntries($"/proc/{process}/fd").Length;

    /// <summary>How much memory a process has had at most.</summary>
    public static long PeakMemoryInKilobytes(int process)
        => Number(File.ReadLines($"/proc/{process}/status").First(static line => line.StartsWith("VmHWM:", StringComparison.Ordinal)), field: 1);

    public static bool Ignores(int process, Signal signal)
    {
        string mask = File.ReadLines($"/proc/{process}/status").First(static line => line.StartsWith("SigIgn:", StringComparison.Ordinal)).Split('\t')[1];
        return (long.Parse(mask, NumberStyles.HexNumber, CultureInfo.InvariantCulture) & (1L << ((int)signal - 1))) != 0;
    }

    /// <summary>What the limit on descriptors can be raised to.</summary>
    public static long MostOpenFiles()
        => Number(File.ReadLines("/proc/self/limits").First(static line => line.StartsWith("Max open files", StringComparison.Ordinal)), field: 4);

    /// <summary>All of its threads: they stop one by one.</summary>
    public static bool IsStopped(int process) => Directory.GetDirectories($"/proc/{process}/task").All(static thread =>
    {
        string stat = ReadOf(thread, "stat");
        return stat.Length == 0 || stat[stat.LastIndexOf(')') + 2] == 'T';
    });

    /// <summary>Whether one of the process's threads is about to open a file, or does.</summary>
    public static bool IsOpening(int process) => IsIn(process, OpenAt);

    /// <summary>Whether one of the process's threads closes a descriptor.</summary>
    public static bool IsClosing(int process) => IsIn(process, Close);

    /// <summary>Waits until the process listens on TCP and gives back the port: for programs that do not say it.</summary>
    public static async Task<int> ListeningPortAsync(ChildProcess process)
    {
        int port = 0;
        await Eventually.TrueAsync(() => process.HasEnded || (port = ListeningPort(process.Id)) != 0, () => $"listening: {process.Describe()}");
        Assert.True(port != 0, $"ended without listening: {process.Describe()}");
        return port;
    }

    /// <summary>Waits until somebody listens on that Unix socket.</summary>
    public static Task ListeningAsync(string unixEndpoint, ChildProcess process) => Eventually.TrueAsync(
        () => IsListening(Endpoints.Path(unixEndpoint)),
        () => $"{unixEndpoint} listening: {process.Describe()}");

    /// <summary>A closed connection of that local port is still remembered.</summary>
    public static bool HasTimeWait(int port) => TcpTable().Any(row => IsAt(row, StateTimeWait) && LocalPort(row) == port);

    private static long Number(string line, int field)
        => long.TryParse(line.Split([' ', '\t'], StringSplitOptions.RemoveEmptyEntries)[field], CultureInfo.InvariantCulture, out long number) ? number : long.MaxValue;

    private static int ListeningPort(int process)
    {
        HashSet<string> mine = SocketInodes(process);
        string[]? row = TcpTable().FirstOrDefault(row => IsAt(row, StateListen) && mine.Contains(row[9]));
        return row is null ? 0 : LocalPort(row);
    }

    private static bool IsListening(string path) => File.ReadLines("/proc/net/unix").Skip(1).Any(line =>
    {
        string[] fields = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        return fields.Length > 7
            && string.Equals(fields[7], path, StringComparison.Ordinal)
            && (int.Parse(fields[3], NumberStyles.HexNumber, CultureInfo.InvariantCulture) & AcceptsConnections) != 0;
    });

    private static IEnumerable<string[]> TcpTable() => new[] { "/proc/net/tcp", "/proc/net/tcp6" }
        .Where(File.Exists)
        .SelectMany(file => File.ReadLines(file).Skip(1))
        .Select(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries));

    private static bool IsAt(string[] row, string state) => string.Equals(row[3], state, StringComparison.Ordinal);

    private static int LocalPort(string[] row) =>
        int.Parse(row[1][(row[1].IndexOf(':', StringComparison.Ordinal) + 1)..], NumberStyles.HexNumber, CultureInfo.InvariantCulture);

    private static HashSet<string> SocketInodes(int process)
    {
        const string Prefix = "socket:[";
        var inodes = new HashSet<string>(StringComparer.Ordinal);
        string folder = $"/proc/{process}/fd";
        if (!Directory.Exists(folder))
            return inodes;
        foreach (string descriptor in Directory.GetFileSystemEntries(folder))
        {
            string? target = TargetOf(descriptor);
            if (target is not null && target.StartsWith(Prefix, StringComparison.Ordinal))
                inodes.Add(target[Prefix.Length..^1]);
        }

        return inodes;
    }

    private static bool IsIn(int process, string call) => Directory.GetDirectories($"/proc/{process}/task")
        .Any(thread => ReadOf(thread, "syscall").StartsWith(call, StringComparison.Ordinal));

    private static string ReadOf(string thread, string file)
    {
        try
        {
            return File.ReadAllText($"{thread}/{file}");
        }
        catch (IOException)
        {
            // Ended between the listing and the look.
            return "";
        }
    }

    private static string? TargetOf(string descriptor)
    {
        try
        {
            return new FileInfo(descriptor).LinkTarget;
        }
        catch (IOException)
        {
            // Closed between the listing and the look.
            return null;
        }
    }
}
