using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Parley.Cli.Demo;

/// <summary>TLS on the loopback, with a certificate for this run that the client knows by its pin.</summary>
/// <param name="name">What people call it.</param>
internal sealed class TlsChannel(string name) : ServedChannel(name, static (_, _) => "tls://127.0.0.1:0")
{
    private string _pin = "";

    protected override string[] ClientOptions => [DemoClientCommand.Pin, _pin];

    protected override string[] ServerOptions(string folder)
    {
        string path = Path.Combine(folder, "demo.pem");
        using X509Certificate2 certificate = TlsCertificate.CreateSelfSigned("127.0.0.1");
        using ECDsa key = certificate.GetECDsaPrivateKey()!;

        // The folder is this user's alone.
        File.WriteAllText(path, certificate.ExportCertificatePem() + "\n" + key.ExportPkcs8PrivateKeyPem());
        _pin = TlsCertificate.PinOf(certificate);
        return ["--cert", path];
    }
}
