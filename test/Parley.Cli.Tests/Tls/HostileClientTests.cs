using System.Net.Sockets;
using System.Text;
using static Parley.Cli.Tests.Payload;

namespace Parley.Cli.Tests.Tls;

/// <summary>Clients of one server that mean it no good: each is broken off, and the next one is served.</summary>
public sealed class HostileClientTests : IDisposable
{
    // The server holds a record or two of such a client, whatever it sends.
    private const long MostMemoryInKilobytes = 256 * Kilobyte;

    private readonly TestFolder _folder = new();
    private readonly TlsFiles _files;

    public HostileClientTests() => _files = new TlsFiles(_folder);

    /// <summary>What a client says first, and what it then says without end.</summary>
    public static TheoryData<string, byte[], byte[]> Endless => new()
    {
        { "a record that never ends", [22, 3, 1, 255, 255], new byte[64 * Kilobyte] },
        { "a first message that never ends", [22, 3, 1, 64, 0, 1, 255, 255, 255, 3, 3, .. new byte[(16 * Kilobyte) - 6]], [22, 3, 1, 64, 0, .. new byte[16 * Kilobyte]] },
        { "records of nothing", [22, 3, 1, 0, 0], [22, 3, 1, 0, 0, 22, 3, 1, 0, 0, 22, 3, 1, 0, 0] },
        { "zeros", [0], new byte[64 * Kilobyte] },
        { "HTTP", "GET / HTTP/1.1\r\n"u8.ToArray(), "Cookie: crumbs\r\n"u8.ToArray() },
    };

    public void Dispose() => _folder.Dispose();

    [SkippableTheory]
    [MemberData(nameof(Endless))]
    public async Task Serve_ClientThatNeverStops_IsBrokenOffAndOthersAreServed(string what, byte[] first, byte[] then)
    {
        await using ListeningCommand server = await ServeAsync();
        using Socket client = await RawSocket.ConnectAsync($"tcp://127.0.0.1:{server.Port}");
        using var limit = new CancellationTokenSource(Limits.Wait);
        bool isBrokenOff = false;
        try
        {
            await client.SendAsync(first, limit.Token);
            while (true)
                await client.SendAsync(then, limit.Token);
        }
        catch (SocketException)
        {
            isBrokenOff = true;
        }
        catch (OperationCanceledException)
        {
            // Told below.
        }

        Assert.True(isBrokenOff, $"{what}: the server still takes it");
        Assert.InRange(ProcFs.PeakMemoryInKilobytes(server.Process.Id), 0, MostMemoryInKilobytes);
        await MustServeAsync(server);
    }

    [SkippableFact]
    public async Task Serve_ClientThatRenegotiates_IsBrokenOffAndOthersAreServed()
    {
        string openssl = Tests.Programs.Require("openssl");
        await using ListeningCommand server = await ServeAsync("-v");
        await using ChildProcess client = ChildProcess.Start([openssl, "s_client", "-tls1_2", "-connect", $"127.0.0.1:{server.Port}"]);
        await client.WriteAsync("said\n"u8.ToArray());
        await Eventually.TrueAsync(() => Text(client).Contains("\nsaid", StringComparison.Ordinal), client.Describe);

        // A line of a capital R has the program ask for a new handshake.
        await client.WriteAsync("R\n"u8.ToArray());

        await server.Process.WaitForErrorAsync("broken off by us: .*renegotiation");
        await client.EndAsync();
        await MustServeAsync(server);
    }

    private static string Text(ChildProcess client) => Encoding.UTF8.GetString(client.OutputSoFar);

    private Task<ListeningCommand> ServeAsync(params string[] options) => Command.ListenAsync(
        ["serve", "tls://127.0.0.1:0", "--cert", _files.CertificatePath, "--key", _files.KeyPath, "--echo", .. options]);

    private async Task MustServeAsync(ListeningCommand server)
    {
        byte[] said = Random(Kilobyte);
        CommandResult honest = await Command.RunAsync(new Launch("connect", server.Endpoint, "--pin", _files.Pin) { Input = said });
        MustEqual(said, honest.MustExit(0).Output);
    }
}
