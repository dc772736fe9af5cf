using Parley.Cli.Tests.Tls;

namespace Parley.Cli.Tests.Joins;

/// <summary>Endpoints that the command listens on, and C programs that come to them.</summary>
internal static class JoinListener
{
    private const string Fifo = "fifo:";
    private const string Pipe = "pipe:";
    private const string Tls = "tls://";

    /// <summary>An endpoint of that kind of its own; FIFOs are made.</summary>
    public static async Task<string> NewEndpointAsync(string kind, TestFolder folder)
    {
        switch (kind)
        {
            case "fifo":
                (string read, string write) = (folder[$"r{Random.Shared.Next(1_000_000)}"], folder[$"w{Random.Shared.Next(1_000_000)}"]);
                foreach (string path in (string[])[read, write])
                    (await ChildProcess.RunAsync(Programs.Require("mkfifo"), path)).MustExit(0);
                return $"{Fifo}{read}:{write}";
            case "pipe":
                return $"{Pipe}{folder[$"p{Random.Shared.Next(1_000_000)}"]}";
            case "tls":
                return $"{Tls}127.0.0.1:0";
            default:
                return Endpoints.New(kind, folder);
        }
    }

    /// <summary>What a command that listens there is told besides.</summary>
    public static string[] OptionsOf(string endpoint, TlsFiles files) => IsTls(endpoint) ? ["--cert", files.CertificatePath, "--key", files.KeyPath] : [];

    /// <summary>Starts the program that comes to the endpoint; the command itself speaks TLS for it.</summary>
    public static Task<ChildProcess> StartPeerAsync(string endpoint, JoinedPeer peer, TlsFiles files)
    {
        if (FifosOf(endpoint) is var (read, write))
            return peer.StartAsync("fifos", write, read);
        return IsTls(endpoint)
            ? peer.StartAsync(["spawn", .. CommandFiles.Words, "connect", endpoint, "--pin", files.Pin])
            : peer.StartAsync(["connect", .. Endpoints.ForC(SocketOf(endpoint))]);
    }

    public static bool IsTls(string endpoint) => endpoint.StartsWith(Tls, StringComparison.Ordinal);

    /// <summary>The two paths of a pair, as the command reads and writes them.</summary>
    public static (string Read, string Write)? FifosOf(string endpoint)
    {
        if (!endpoint.StartsWith(Fifo, StringComparison.Ordinal))
            return null;
        string[] paths = endpoint[Fifo.Length..].Split(':');
        return (paths[0], paths[1]);
    }

    /// <summary>A named pipe is a Unix socket to everybody else.</summary>
    public static string SocketOf(string endpoint)
        => endpoint.StartsWith(Pipe, StringComparison.Ordinal) ? $"unix:{endpoint[Pipe.Length..]}" : endpoint;
}
