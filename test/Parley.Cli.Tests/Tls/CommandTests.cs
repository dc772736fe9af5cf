using System.Text.RegularExpressions;
using static Parley.Cli.Tests.Payload;

namespace Parley.Cli.Tests.Tls;

/// <summary>The command on both ends, what it refuses, and with which exit code.</summary>
public sealed class CommandTests : IDisposable
{
    private const int WrongUsage = 2;
    private const int BrokenOff = 5;
    private const int RefusedForSecurity = 6;

    private readonly TestFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [SkippableFact]
    public async Task SelfSigned_ClientWithThePinThatIsSaid_IsServed()
    {
        await using ListeningCommand server = await Command.ListenAsync("serve", "tls://127.0.0.1:0", "--self-signed");
        Match pin = await server.Process.WaitForErrorAsync(@"^pin (sha256//\S+)$");

        CommandResult client = await Command.RunAsync("connect", server.Endpoint, "--pin", pin.Groups[1].Value);

        Assert.Equal(ServerMessage, client.MustExit(0).Output);
        (await Command.RunAsync("ping", server.Endpoint, "--insecure")).MustExit(0);
        (await server.StopAsync()).MustExit(0);
    }

    [SkippableFact]
    public async Task Connect_UnknownAuthority_IsRefusedWithTheCause()
    {
        await using ListeningCommand server = await Command.ListenAsync("serve", "tls://127.0.0.1:0", "--self-signed");

        CommandResult client = (await Command.RunAsync("connect", server.Endpoint)).MustExit(RefusedForSecurity);

        Assert.Contains($"cannot agree with {server.Endpoint}: the server's certificate is signed by itself", client.Error, StringComparison.Ordinal);
        Assert.Contains("--pin PIN", client.Error, StringComparison.Ordinal);
    }

    [SkippableFact]
    public async Task Mutual_ClientWithoutACertificate_IsRefused()
    {
        var server = new TlsFiles(_folder);
        var client = new TlsFiles(_folder, "client");
        await using ListeningCommand command = await Command.ListenAsync(
            "serve", "tls://127.0.0.1:0", "--cert", server.CertificatePath, "--key", server.KeyPath, "--client-ca", client.CertificatePath);

        CommandResult known = await Command.RunAsync(
            "connect", command.Endpoint, "--ca", server.CertificatePath, "--cert", client.CertificatePath, "--key", client.KeyPath);
        Assert.Equal(ServerMessage, known.MustExit(0).Output);
        (await Command.RunAsync("connect", command.Endpoint, "--ca", server.CertificatePath)).MustExit(RefusedForSecurity);
    }

    [SkippableFact]
    public async Task Serve_CertificateRenewedAndHangUp_GoesOnWithTheNewOne()
    {
        var first = new TlsFiles(_folder);
        await using ListeningCommand server = await Command.ListenAsync(
            "serve", "tls://127.0.0.1:0", "--cert", first.CertificatePath, "--key", first.KeyPath);
        (await Command.RunAsync("connect", server.Endpoint, "--pin", first.Pin)).MustExit(0);

        var second = new TlsFiles(_folder);
        server.Process.Send(Signal.HangUp);

        (await Command.RunAsync("connect", server.Endpoint, "--pin", second.Pin)).MustExit(0);
        (await Command.RunAsync("connect", server.Endpoint, "--pin", first.Pin)).MustExit(RefusedForSecurity);
    }

    [SkippableFact]
    public async Task Relay_PlainToTls_CarriesBothWays()
    {
        byte[] said = Random(256 * Kilobyte);
        var files = new TlsFiles(_folder);
        await using ListeningCommand server = await Command.ListenAsync("serve", "tls://127.0.0.1:0", "--cert", files.CertificatePath, "--key", files.KeyPath, "--echo");
        await using ListeningCommand relay = await Command.ListenAsync("relay", "tcp://127.0.0.1:0", server.Endpoint, "--ca", files.CertificatePath);

        CommandResult client = await Command.RunAsync(new Launch("connect", relay.Endpoint) { Input = said });

        MustEqual(said, client.MustExit(0).Output);
    }

    [SkippableFact]
    public async Task Connect_CutWithoutCloseNotify_IsBrokenOff()
    {
        string socat = Tests.Programs.Require("socat");
        await using ListeningCommand server = await Command.ListenAsync("serve", "tls://127.0.0.1:0", "--self-signed", "--echo");
        await using ChildProcess proxy = ChildProcess.Start([socat, "TCP-LISTEN:0,bind=127.0.0.1", $"TCP:127.0.0.1:{server.Port}"]);
        int port = await ProcFs.ListeningPortAsync(proxy);
        await using ChildProcess client = Command.Start("connect", $"tls://127.0.0.1:{port}", "--insecure");
        await client.WriteAsync("said"u8.ToArray());
        await client.WaitForOutputAsync(4);

        // The proxy ends its connections as an end of stream: what TLS is for is to tell that from the peer's own.
        proxy.Send(Signal.Kill);

        CommandResult result = (await client.EndAsync()).MustExit(BrokenOff);
        Assert.Contains("close_notify", result.Error, StringComparison.Ordinal);
    }

    [SkippableFact]
    public async Task PlainServer_IsRefused()
    {
        await using ListeningCommand plain = await Command.ListenAsync("serve", "tcp://127.0.0.1:0");

        CommandResult result = await Command.RunAsync("connect", $"tls://127.0.0.1:{plain.Port}", "--insecure");

        Assert.Contains("it speaks no TLS: it began with \"Server Message\"", result.MustExit(RefusedForSecurity).Error, StringComparison.Ordinal);
    }

    [SkippableTheory]
    [InlineData("a server of TLS has a certificate", "serve", "tls://127.0.0.1:0")]
    [InlineData("--cert is for tls://host:port", "serve", "tcp://127.0.0.1:0", "--cert", "x.pem")]
    [InlineData("--ca is for tls://host:port", "connect", "tcp://127.0.0.1:1", "--ca", "x.pem")]
    [InlineData("--key is for the certificate of --cert", "connect", "tls://127.0.0.1:1", "--key", "x.pem")]
    [InlineData("--insecure trusts any server", "connect", "tls://127.0.0.1:1", "--insecure", "--ca", "x.pem")]
    [InlineData("'x' is no pin", "connect", "tls://127.0.0.1:1", "--pin", "x")]
    [InlineData("--client-ca is for a listener on tls://host:port", "relay", "tcp://127.0.0.1:0", "tls://127.0.0.1:1", "--client-ca", "x.pem")]
    public async Task WrongUsage_IsRefusedBeforeAnythingIsOpened(string problem, params string[] arguments)
        => Assert.Contains(problem, (await Command.RunAsync(arguments)).MustExit(WrongUsage).Error, StringComparison.Ordinal);
}
