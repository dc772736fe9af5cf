using System.Security.Cryptography.X509Certificates;

namespace Parley.Cli.Tests.Tls;

/// <summary>A certificate for the loopback in files, as programs take it: it vouches for itself.</summary>
internal sealed class TlsFiles
{
    public TlsFiles(TestFolder folder, string name = "server", params string[] hosts)
    {
        using X509Certificate2 certificate = TlsCertificate.CreateSelfSigned([.. hosts, "localhost", "127.0.0.1"]);
        (CertificatePath, KeyPath) = (folder[name + ".pem"], folder[name + ".key"]);
        File.WriteAllText(CertificatePath, certificate.ExportCertificatePem());
        File.WriteAllText(KeyPath, certificate.GetECDsaPrivateKey()!.ExportPkcs8PrivateKeyPem());
        Pin = TlsCertificate.PinOf(certificate);
    }

    public string CertificatePath { get; }

    public string KeyPath { get; }

    public string Pin { get; }
}
