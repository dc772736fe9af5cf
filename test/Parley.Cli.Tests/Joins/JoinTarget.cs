using Parley.Cli.Tests.Tls;

namespace Parley.Cli.Tests.Joins;

/// <summary>What a join goes to: a C program that listens, that has the other ends of two FIFOs, or that is to be started as a child.</summary>
internal sealed class JoinTarget : IAsyncDisposable
{
    private readonly ChildProcess? _peer;

    private JoinTarget(string endpoint, ChildProcess? peer, string[] rest)
    {
        _peer = peer;
        Endpoint = endpoint;
        Rest = rest;
    }

    public string Endpoint { get; }

    /// <summary>Words that end the command line.</summary>
    public string[] Rest { get; }

    public static async Task<JoinTarget> StartAsync(string kind, JoinedPeer peer, TestFolder folder, TlsFiles files)
    {
        if (string.Equals(kind, "exec", StringComparison.Ordinal))
            return new JoinTarget("exec:", null, ["--", .. await peer.WordsAsync("stdio")]);
        string endpoint = await JoinListener.NewEndpointAsync(kind, folder);
        if (JoinListener.FifosOf(endpoint) is var (read, write))
            return new JoinTarget(endpoint, await peer.StartAsync("fifos", write, read), []);
        if (JoinListener.IsTls(endpoint))
        {
            ListeningCommand secured = await ListeningCommand.WhenReadyAsync(await peer.StartAsync(
                ["spawn", .. CommandFiles.Words, "listen", endpoint, .. JoinListener.OptionsOf(endpoint, files)]));
            return new JoinTarget(secured.Endpoint, secured.Process, ["--pin", files.Pin]);
        }

        string socket = JoinListener.SocketOf(endpoint);
        ChildProcess listening = await peer.StartAsync(["accept", .. Endpoints.ForC(socket)]);
        string bound = await Peers.ListeningAsync(listening, socket);
        return new JoinTarget(string.Equals(socket, endpoint, StringComparison.Ordinal) ? bound : endpoint, listening, []);
    }

    /// <summary>A child's exit code is the command's own.</summary>
    public async Task MustEndWellAsync()
    {
        if (_peer is not null)
            (await _peer.EndAsync(Limits.Transfer)).MustExit(0);
    }

    public async ValueTask DisposeAsync()
    {
        if (_peer is not null)
            await _peer.DisposeAsync();
    }
}
