using System.Security.Cryptography.X509Certificates;

namespace Parley.Tests.Tls;

/// <summary>Who is believed, who is refused, and what is said of it.</summary>
public sealed class TrustTests : IDisposable
{
    private readonly TestFolder _folder = new();
    private readonly TestAuthority _authority = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Connect_SignedByTheAuthority_IsTrusted()
    {
        await using TlsServer server = await TlsServer.StartAsync(new TlsOptions { Certificate = _authority.Sign() });

        TlsInformation agreed = await server.MustGreetAsync(Trusting());

        Assert.Equal("TLS 1.3", agreed.Protocol);
        Assert.Equal("CN=server", agreed.PeerSubject);
    }

    [Fact]
    public async Task Connect_Expired_IsRefused()
        => await MustRefuseAsync(new TlsOptions { Certificate = _authority.Sign(isExpired: true) }, Trusting(), "expired on");

    [Fact]
    public async Task Connect_ExpiredAndPinned_IsRefused()
    {
        X509Certificate2 expired = _authority.Sign(isExpired: true);
        await MustRefuseAsync(new TlsOptions { Certificate = expired }, new TlsOptions { Pins = { TlsCertificate.PinOf(expired) } }, "expired on");
    }

    [Fact]
    public async Task Connect_WrongHost_IsRefused()
        => await MustRefuseAsync(new TlsOptions { Certificate = _authority.Sign("elsewhere.example") }, Trusting(), "is for elsewhere.example, not for 127.0.0.1");

    [Fact]
    public async Task Connect_ServerName_IsWhatTheCertificateIsFor()
    {
        await using TlsServer server = await TlsServer.StartAsync(new TlsOptions { Certificate = _authority.Sign("elsewhere.example") });
        TlsOptions options = Trusting();
        options.ServerName = "elsewhere.example";

        await server.MustGreetAsync(options);
    }

    [Fact]
    public async Task Connect_UnknownAuthority_IsRefused()
        => await MustRefuseAsync(new TlsOptions { Certificate = new TestAuthority("Somebody else").Sign() }, Trusting(), "CN=Somebody else");

    [Fact]
    public async Task Connect_SelfSignedWithoutAPin_IsRefused()
        => await MustRefuseAsync(TlsPeers.Server(), new TlsOptions(), "signed by itself");

    [Fact]
    public async Task Connect_AnotherKeyThanPinned_IsRefused()
        => await MustRefuseAsync(TlsPeers.Server(), new TlsOptions { Pins = { new string('0', 64) } }, TlsCertificate.PinOf(TlsPeers.Certificate));

    [Fact]
    public async Task Connect_Revoked_IsRefused()
    {
        X509Certificate2 certificate = _authority.Sign();
        TlsOptions options = Trusting();
        options.RevocationFile = _authority.Revoke(certificate, _folder["crl"]);

        await MustRefuseAsync(new TlsOptions { Certificate = certificate }, options, "is revoked");
    }

    [Fact]
    public async Task Connect_ListOutOfDate_IsRefused()
    {
        TlsOptions options = Trusting();
        options.RevocationFile = _authority.Revoke(_authority.Sign(), _folder["crl"], isOutOfDate: true);

        await MustRefuseAsync(new TlsOptions { Certificate = _authority.Sign() }, options, "out of date");
    }

    [Fact]
    public async Task Connect_AnotherRevoked_IsTrusted()
    {
        TlsOptions options = Trusting();
        options.RevocationFile = _authority.Revoke(_authority.Sign(), _folder["crl"]);
        await using TlsServer server = await TlsServer.StartAsync(new TlsOptions { Certificate = _authority.Sign() });

        await server.MustGreetAsync(options);
    }

    [Fact]
    public async Task Connect_AnyServer_IsTrusted()
    {
        await using TlsServer server = await TlsServer.StartAsync(new TlsOptions { Certificate = _authority.Sign("x", isExpired: true) });

        await server.MustGreetAsync(new TlsOptions { DangerousAcceptAnyServer = true });
    }

    [Fact]
    public async Task Mutual_ClientsWithAndWithoutACertificate_OnlyTheAuthoritysAreServed()
    {
        string authority = _authority.WriteTo(_folder["ca.pem"]);
        await using TlsServer server = await TlsServer.StartAsync(new TlsOptions { Certificate = _authority.Sign(), ClientAuthorityFile = authority });
        TlsOptions known = Trusting();
        known.Certificate = _authority.Sign("client");
        TlsOptions foreign = Trusting();
        foreign.Certificate = new TestAuthority("Somebody else").Sign("client");

        await server.MustGreetAsync(known);
        await server.MustRefuseAsync(Trusting());
        await server.MustRefuseAsync(foreign);
        await server.MustGreetAsync(known);

        Assert.True(server.Log.Has("the client showed no certificate"));
    }

    [Fact]
    public async Task Alpn_InCommon_IsAgreedOn()
    {
        TlsOptions listening = TlsPeers.Server();
        listening.ApplicationProtocols.Add("two");
        listening.ApplicationProtocols.Add("one");
        await using TlsServer server = await TlsServer.StartAsync(listening);
        TlsOptions connecting = TlsPeers.Client();
        connecting.ApplicationProtocols.Add("one");

        Assert.Equal("one", (await server.MustGreetAsync(connecting)).ApplicationProtocol);
        connecting.ApplicationProtocols[0] = "three";
        await server.MustRefuseAsync(connecting);
    }

    [Fact]
    public async Task Certificate_FilesChange_TheNextHandshakeHasTheNewOne()
    {
        string path = _folder["server.pem"];
        X509Certificate2 first = Write(path);
        await using TlsServer server = await TlsServer.StartAsync(new TlsOptions { CertificateFile = path });
        Assert.Equal(TlsCertificate.PinOf(first), (await server.MustGreetAsync(Trusting())).PeerPin);

        await File.WriteAllTextAsync(path, "half of a certificate");
        Assert.Equal(TlsCertificate.PinOf(first), (await server.MustGreetAsync(Trusting())).PeerPin);
        X509Certificate2 second = Write(path);
        Assert.Equal(TlsCertificate.PinOf(second), (await server.MustGreetAsync(Trusting())).PeerPin);
    }

    [Fact]
    public async Task BindAsync_CertificateFileMissing_SaysSo()
    {
        ConnectionException failure = await Assert.ThrowsAsync<ConnectionException>(
            () => TlsServer.StartAsync(new TlsOptions { CertificateFile = _folder["none.pem"] }));

        Assert.Equal(Step.Open, failure.Step);
        Assert.Contains("none.pem", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task SecureAsync_OverAnotherStream_Talks()
    {
        (Connection first, Connection second) = Connection.CreatePair();
        Task<Connection> server = second.SecureAsServerAsync(TlsPeers.Server()).AsTask();
        await using Connection client = await first.SecureAsClientAsync(TlsPeers.Client()).Within();
        await using Connection secured = await server.Within();

        await Talk.SendAndEndAsync(client, "through"u8.ToArray()).Within();
        Assert.Equal("through", await Talk.ReadTextToEndAsync(secured).Within());
        await secured.CompleteWritesAsync().Within();
    }

    private static async Task MustRefuseAsync(TlsOptions listening, TlsOptions connecting, string cause)
    {
        await using TlsServer server = await TlsServer.StartAsync(listening);
        ConnectionException refusal = await server.MustRefuseAsync(connecting);
        Assert.Equal((Step.Handshake, server.EndPoint), (refusal.Step, refusal.EndPoint));
        Assert.Contains(cause, refusal.Message, StringComparison.Ordinal);
    }

    private TlsOptions Trusting() => new() { AuthorityFile = _authority.WriteTo(_folder["ca.pem"]) };

    private X509Certificate2 Write(string path)
    {
        X509Certificate2 certificate = _authority.Sign();
        File.WriteAllText(path, certificate.ExportCertificatePem() + "\n" + certificate.GetECDsaPrivateKey()!.ExportPkcs8PrivateKeyPem());
        return certificate;
    }
}
