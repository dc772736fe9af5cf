namespace Parley.Cli.Tests;

/// <summary>socat, nc (OpenBSD's) and ncat as clients and servers of one endpoint.</summary>
internal static class Peers
{
    /// <summary>Each peer with each kind of endpoint that it speaks.</summary>
    public static TheoryData<string, string> All => new()
    {
        { "socat", "tcp4" },
        { "socat", "tcp6" },
        { "socat", "unix" },
        { "socat", "abstract" },
        { "nc", "tcp4" },
        { "nc", "tcp6" },
        { "nc", "unix" },
        { "nc", "abstract" },
        { "ncat", "tcp4" },
        { "ncat", "tcp6" },
        { "ncat", "unix" },
    };

    /// <summary>A client that joins the endpoint to its standard streams, half-closes when its input ends, and stays for the reply.</summary>
    public static ChildProcess Connect(string peer, string endpoint) => ChildProcess.Start(peer switch
    {
        "socat" => [Programs.Require("socat"), "-t", "30", "-", SocatConnect(endpoint)],
        "nc" => [OpenBsdNetcat(), "-N", .. Address(endpoint)],
        "ncat" => [Programs.Require("ncat"), .. Address(endpoint)],
        _ => throw new ArgumentOutOfRangeException(nameof(peer), peer, "unknown"),
    });

    /// <summary>A server for one client, and its endpoint with the real port once it listens.</summary>
    public static async Task<(ChildProcess Process, string Endpoint)> ListenAsync(string peer, string endpoint)
    {
        ChildProcess process = ChildProcess.Start(peer switch
        {
            "socat" => [Programs.Require("socat"), "-t", "30", "-", SocatListen(endpoint)],
            "nc" => [OpenBsdNetcat(), "-N", "-l", .. Address(endpoint)],
            "ncat" => [Programs.Require("ncat"), "-l", .. Address(endpoint)],
            _ => throw new ArgumentOutOfRangeException(nameof(peer), peer, "unknown"),
        });
        return (process, await ListeningAsync(process, endpoint));
    }

    /// <summary>Waits until a foreign server listens where it was told to; gives the endpoint back with the real port.</summary>
    public static async Task<string> ListeningAsync(ChildProcess process, string endpoint)
    {
        if (Endpoints.IsTcp(endpoint))
            return $"{endpoint[..endpoint.LastIndexOf(':')]}:{await ProcFs.ListeningPortAsync(process)}";
        await ProcFs.ListeningAsync(endpoint, process);
        return endpoint;
    }

    public static string SocatListen(string endpoint) => endpoint switch
    {
        _ when Endpoints.IsAbstract(endpoint) => $"ABSTRACT-LISTEN:{Endpoints.Path(endpoint)[1..]}",
        _ when !Endpoints.IsTcp(endpoint) => $"UNIX-LISTEN:{Endpoints.Path(endpoint)}",
        _ when IsIPv6(endpoint) => $"TCP6-LISTEN:{Endpoints.Port(endpoint)},bind=[::1],reuseaddr",
        _ => $"TCP4-LISTEN:{Endpoints.Port(endpoint)},bind=127.0.0.1,reuseaddr",
    };

    public static string OpenBsdNetcat() => Programs.Find("nc.openbsd") ?? Programs.Require("nc");

    private static string SocatConnect(string endpoint) => endpoint switch
    {
        _ when Endpoints.IsAbstract(endpoint) => $"ABSTRACT-CONNECT:{Endpoints.Path(endpoint)[1..]}",
        _ when !Endpoints.IsTcp(endpoint) => $"UNIX-CONNECT:{Endpoints.Path(endpoint)}",
        _ when IsIPv6(endpoint) => $"TCP6:[::1]:{Endpoints.Port(endpoint)}",
        _ => $"TCP4:127.0.0.1:{Endpoints.Port(endpoint)}",
    };

    private static string[] Address(string endpoint) => endpoint switch
    {
        _ when !Endpoints.IsTcp(endpoint) => ["-U", Endpoints.Path(endpoint)],
        _ when IsIPv6(endpoint) => ["-6", "::1", Endpoints.Port(endpoint)],
        _ => ["127.0.0.1", Endpoints.Port(endpoint)],
    };

    private static bool IsIPv6(string endpoint) => endpoint.Contains('[', StringComparison.Ordinal);
}
