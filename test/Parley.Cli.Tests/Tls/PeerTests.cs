using static Parley.Cli.Tests.Payload;

namespace Parley.Cli.Tests.Tls;

/// <summary>openssl, socat and ncat on the other end, both ways round, in both versions of TLS.</summary>
public sealed class PeerTests : IDisposable
{
    // ncat reads 8 KiB at a time, and forgets to look for the rest of a longer record until the next one comes (nmap/nmap#2788).
    private const int LongestTurnOfNcat = 8 * Kilobyte;

    private readonly TestFolder _folder = new();
    private readonly TlsFiles _files;

    public PeerTests() => _files = new TlsFiles(_folder);

    public static TheoryData<string> Programs => ["openssl", "openssl-1.2", "socat", "ncat"];

    public void Dispose() => _folder.Dispose();

    [SkippableTheory]
    [MemberData(nameof(Programs))]
    public async Task Serve_PeerAsClientOfEcho_GetsBackWhatItSent(string program)
    {
        byte[] said = Random(256 * Kilobyte);
        await using ListeningCommand server = await Command.ListenAsync(
            "serve", "tls://127.0.0.1:0", "--cert", _files.CertificatePath, "--key", _files.KeyPath, "--echo");
        await using ChildProcess client = ChildProcess.Start(Connect(program, server.Port));

        int turn = string.Equals(program, "ncat", StringComparison.Ordinal) ? LongestTurnOfNcat : said.Length;
        for (int sent = 0; sent < said.Length; sent += turn)
        {
            await client.WriteAsync(said.AsMemory(sent, turn));
            await client.WaitForOutputAsync(sent + turn);
        }

        MustEqual(said, client.OutputSoFar);
    }

    [SkippableTheory]
    [MemberData(nameof(Programs))]
    public async Task Connect_PeerAsServer_CarriesBothWays(string program)
    {
        byte[] there = Random(256 * Kilobyte);
        byte[] back = Random(256 * Kilobyte);
        await using ChildProcess server = ChildProcess.Start(Listen(program));
        int port = await ProcFs.ListeningPortAsync(server);
        await using ChildProcess client = Command.Start("connect", $"tls://127.0.0.1:{port}", "--pin", _files.Pin);

        await client.WriteAsync(there);
        await server.WriteAsync(back);
        await server.WaitForOutputAsync(there.Length);
        await client.WaitForOutputAsync(back.Length);

        MustEqual(there, server.OutputSoFar);
        MustEqual(back, client.OutputSoFar);
        Assert.Empty(client.ErrorSoFar);
    }

    private string[] Connect(string program, int port) => program switch
    {
        "openssl" => [Tests.Programs.Require("openssl"), "s_client", "-quiet", "-verify_return_error", "-CAfile", _files.CertificatePath, "-connect", $"127.0.0.1:{port}"],
        "openssl-1.2" => [Tests.Programs.Require("openssl"), "s_client", "-quiet", "-tls1_2", "-verify_return_error", "-CAfile", _files.CertificatePath, "-connect", $"127.0.0.1:{port}"],
        "ncat" => [Tests.Programs.Require("ncat"), "--ssl-verify", "--ssl-trustfile", _files.CertificatePath, "--ssl-servername", "localhost", "127.0.0.1", $"{port}"],
        "socat" => [Tests.Programs.Require("socat"), "-", $"OPENSSL:127.0.0.1:{port},cafile={_files.CertificatePath},commonname=localhost"],
        _ => throw new ArgumentOutOfRangeException(nameof(program), program, "unknown"),
    };

    private string[] Listen(string program) => program switch
    {
        "openssl" => [Tests.Programs.Require("openssl"), "s_server", "-quiet", "-cert", _files.CertificatePath, "-key", _files.KeyPath, "-accept", "127.0.0.1:0"],
        "openssl-1.2" => [Tests.Programs.Require("openssl"), "s_server", "-quiet", "-tls1_2", "-cert", _files.CertificatePath, "-key", _files.KeyPath, "-accept", "127.0.0.1:0"],
        "socat" => [Tests.Programs.Require("socat"), "-", $"OPENSSL-LISTEN:0,bind=127.0.0.1,cert={_files.CertificatePath},key={_files.KeyPath},verify=0"],
        "ncat" => [Tests.Programs.Require("ncat"), "-l", "--ssl", "--ssl-cert", _files.CertificatePath, "--ssl-key", _files.KeyPath, "127.0.0.1", "0"],
        _ => throw new ArgumentOutOfRangeException(nameof(program), program, "unknown"),
    };
}
