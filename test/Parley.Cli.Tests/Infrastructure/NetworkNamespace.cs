namespace Parley.Cli.Tests;

internal static class NetworkNamespace
{
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
