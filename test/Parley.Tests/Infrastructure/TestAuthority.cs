using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Parley.Tests;

/// <summary>An authority of one test, and what it signs.</summary>
internal sealed class TestAuthority
{
    private readonly X509Certificate2 _own;
    private byte _lastSerial;

    public TestAuthority(string name = "Test authority")
    {
        using ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(certificateAuthority: true, false, 0, critical: true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign | X509KeyUsageFlags.CrlSign, critical: true));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, critical: false));
        _own = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddYears(-2), DateTimeOffset.UtcNow.AddYears(2));
    }

    /// <summary>A certificate for the loopback, or for another name.</summary>
    public X509Certificate2 Sign(string? name = null, bool isExpired = false)
    {
        using ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN={name ?? "server"}", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        if (name is null)
            names.AddIpAddress(IPAddress.Loopback);
        else
            names.AddDnsName(name);
        request.CertificateExtensions.Add(names.Build());
        DateTimeOffset end = isExpired ? DateTimeOffset.UtcNow.AddDays(-1) : DateTimeOffset.UtcNow.AddYears(1);
        using X509Certificate2 signed = request.Create(_own, DateTimeOffset.UtcNow.AddYears(-1), end, [1, ++_lastSerial]);
        return signed.CopyWithPrivateKey(key);
    }

    public string WriteTo(string path)
    {
        File.WriteAllText(path, _own.ExportCertificatePem());
        return path;
    }

    /// <summary>Revokes a certificate in a list of its own.</summary>
    public string Revoke(X509Certificate2 certificate, string path, bool isOutOfDate = false)
    {
        var list = new CertificateRevocationListBuilder();
        list.AddEntry(certificate);
        DateTimeOffset next = DateTimeOffset.UtcNow.AddDays(isOutOfDate ? -1 : 1);
        byte[] signed = list.Build(_own, 1, next, HashAlgorithmName.SHA256, thisUpdate: DateTimeOffset.UtcNow.AddDays(-2));
        File.WriteAllText(path, PemEncoding.WriteString("X509 CRL", signed));
        return path;
    }
}
