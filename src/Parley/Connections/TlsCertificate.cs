using System.Diagnostics.CodeAnalysis;
using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Parley;

/// <summary>What TLS needs of certificates besides files: pins of keys, and a certificate without an authority.</summary>
public static class TlsCertificate
{
    private const string PinPrefix = "sha256//";
    private const string ServerAuthentication = "1.3.6.1.5.5.7.3.1";
    private const string ClientAuthentication = "1.3.6.1.5.5.7.3.2";

    /// <summary>
    /// The pin of a certificate's key: <c>sha256//</c> and the SHA-256 of its public key (SubjectPublicKeyInfo) in base64, as curl writes it. It
    /// stays when the certificate is renewed with the same key.
    /// </summary>
    /// <param name="certificate">The certificate.</param>
    /// <returns>The pin.</returns>
    public static string PinOf(X509Certificate2 certificate)
    {
        ArgumentNullException.ThrowIfNull(certificate);
        return PinPrefix + Convert.ToBase64String(HashOf(certificate));
    }

    /// <summary>Whether a text is a pin, as <see cref="TlsOptions.Pins"/> takes it.</summary>
    /// <param name="text">Base64, with or without its prefix, or 64 hexadecimal digits, with or without colons.</param>
    /// <returns>Whether it is one.</returns>
    public static bool IsPin(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        return TryParsePin(text, out _);
    }

    /// <summary>
    /// A new key (ECDSA, P-256) and a certificate that it signs itself, valid from a day ago for ten years. Clients trust it by its pin.
    /// </summary>
    /// <param name="names">The host names and addresses it is for, one or more.</param>
    /// <returns>The certificate with its key; the caller disposes it.</returns>
    /// <exception cref="ArgumentException">There is no name.</exception>
    public static X509Certificate2 CreateSelfSigned(params string[] names)
    {
        ArgumentNullException.ThrowIfNull(names);
        if (names.Length == 0)
            throw new ArgumentException("A certificate is for one name or more.", nameof(names));
        using ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var alternatives = new SubjectAlternativeNameBuilder();
        foreach (string name in names)
        {
            if (IPAddress.TryParse(name, out IPAddress? address))
                alternatives.AddIpAddress(address);
            else
                alternatives.AddDnsName(name);
        }

        var subject = new X500DistinguishedNameBuilder();
        subject.AddCommonName(names[0]);
        var request = new CertificateRequest(subject.Build(), key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(alternatives.Build());
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(certificateAuthority: false, false, 0, critical: true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.DigitalSignature, critical: true));
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid(ServerAuthentication), new Oid(ClientAuthentication)], critical: false));
        DateTimeOffset now = DateTimeOffset.UtcNow;
        return request.CreateSelfSigned(now.AddDays(-1), now.AddYears(10));
    }

    internal static byte[] HashOf(X509Certificate2 certificate) => SHA256.HashData(certificate.PublicKey.ExportSubjectPublicKeyInfo());

    /// <summary>Reads a pin: base64, with or without its prefix, or 64 hexadecimal digits, with or without colons.</summary>
    internal static bool TryParsePin(string text, [NotNullWhen(true)] out byte[]? hash)
    {
        string digits = text.Replace(":", "", StringComparison.Ordinal);
        if (digits.Length == 2 * SHA256.HashSizeInBytes && digits.All(char.IsAsciiHexDigit))
        {
            hash = Convert.FromHexString(digits);
            return true;
        }

        string base64 = text.StartsWith(PinPrefix, StringComparison.Ordinal) ? text[PinPrefix.Length..] : text;
        byte[] bytes = new byte[base64.Length];
        hash = Convert.TryFromBase64String(base64, bytes, out int length) && length == SHA256.HashSizeInBytes ? bytes[..length] : null;
        return hash is not null;
    }
}
