namespace Parley.Cli.Tests;

internal static class NetworkNamespace
{
    /// <summary>
    /// The words that run what follows them in a network of its own, where <c>ip netns</c> makes namespaces that nobody else sees and that end with it.
    /// </summary>
    public static async Task<string[]> WithNamesOfItsOwnAsync()
    {
        Programs.RequireRoot("network namespaces");
        string ip = Programs.Require("ip");
        string[] words = [Programs.Require("unshare"), "--mount", "--net", "sh", "-c", "mkdir -p /run/netns && mount -t tmpfs none /run/netns && exec \"$@\"", "sh"];
        CommandResult probe = await ChildProcess.RunAsync([.. words, ip, "netns", "add", "probe"]);
        Skip.IfNot(probe.ExitCode == 0, $"network namespaces cannot be made: {probe.Error}");
        return words;
    }

    /// <summary>
    /// The words that run what follows them in a network namespace where the kernel has a single port to give to connecting
    /// sockets: whoever connects to that very port is joined to itself.
    /// </summary>
    public static string[] WithOnlyEphemeralPort(int port)
    {
        Programs.RequireRoot("a network namespace");
        Programs.Require("ip");
        string range = $"echo '{port} {port}' > /proc/sys/net/ipv4/ip_local_port_range";
        return [Programs.Require("unshare"), "--net", "sh", "-c", $"ip link set lo up && {range} && exec \"$@\"", "sh"];
    }
}
