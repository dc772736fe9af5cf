using System.Formats.Asn1;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Parley.Transports.Tls;

/// <summary>A list of certificates that their issuer has revoked (CRL, RFC 5280, section 5). Its signature is not looked at: who gives the file vouches for it.</summary>
internal sealed class RevocationList
{
    private const string Label = "X509 CRL";

    private readonly byte[] _issuer;
    private readonly DateTimeOffset? _nextUpdate;
    private readonly HashSet<string> _serialNumbers = [];

    private RevocationList(ReadOnlyMemory<byte> encoded)
    {
        AsnReader content = new AsnReader(encoded, AsnEncodingRules.DER).ReadSequence().ReadSequence();
        if (content.PeekTag() == Asn1Tag.Integer)
            content.ReadInteger();
        content.ReadSequence();
        _issuer = content.ReadEncodedValue().ToArray();
        ReadTime(content);
        if (content.HasData && IsTime(content.PeekTag()))
            _nextUpdate = ReadTime(content);
        if (!content.HasData || content.PeekTag() != Asn1Tag.Sequence)
            return;
        AsnReader revoked = content.ReadSequence();
        while (revoked.HasData)
            _serialNumbers.Add(Convert.ToHexString(revoked.ReadSequence().ReadIntegerBytes().Span));
    }

    /// <summary>The lists in a file, PEM or DER.</summary>
    internal static RevocationList[] ReadFile(string path)
    {
        byte[] bytes = File.ReadAllBytes(path);
        try
        {
            RevocationList[] lists = [.. FromPem(System.Text.Encoding.Latin1.GetString(bytes))];
            return lists.Length > 0 ? lists : [new RevocationList(bytes)];
        }
        catch (AsnContentException malformed)
        {
            throw new CryptographicException("it is no revocation list", malformed);
        }
    }

    /// <summary>Why a certificate of this issuer is refused; <see langword="null"/> where it is not.</summary>
    internal string? Refusal(X509Certificate2 certificate)
    {
        if (!certificate.IssuerName.RawData.AsSpan().SequenceEqual(_issuer))
            return null;
        if (_serialNumbers.Contains(Convert.ToHexString(certificate.SerialNumberBytes.Span)))
            return "is revoked";
        return _nextUpdate is { } next && next < DateTimeOffset.UtcNow ? $"may be revoked: its issuer's list has been out of date since {next:yyyy-MM-dd}" : null;
    }

    private static List<RevocationList> FromPem(string text)
    {
        var lists = new List<RevocationList>();
        ReadOnlySpan<char> rest = text;
        while (PemEncoding.TryFind(rest, out PemFields fields))
        {
            if (rest[fields.Label] is Label)
                lists.Add(new RevocationList(Convert.FromBase64String(rest[fields.Base64Data].ToString())));
            rest = rest[fields.Location.End..];
        }

        return lists;
    }

    private static bool IsTime(Asn1Tag tag) => tag == Asn1Tag.UtcTime || tag == Asn1Tag.GeneralizedTime;

    private static DateTimeOffset ReadTime(AsnReader content) => content.PeekTag() == Asn1Tag.UtcTime ? content.ReadUtcTime() : content.ReadGeneralizedTime();
}
