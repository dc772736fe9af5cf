using System.Formats.Asn1;
using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Parley;

/// <summary>What rules ask of a certificate: its key, and the names it is for. A common name is none of them.</summary>
internal sealed class PeerCertificate(X509Certificate2 certificate)
{
    private const string AlternativeNames = "2.5.29.17";

    // The places of the names in their structure (GeneralName, RFC 5280).
    private const int Email = 1;
    private const int Dns = 2;
    private const int Uri = 6;
    private const int Address = 7;

    private readonly byte[] _hash = TlsCertificate.HashOf(certificate);
    private readonly List<(int Kind, string Text)> _names = Read(certificate);

    internal bool HasPin(byte[] hash) => CryptographicOperations.FixedTimeEquals(_hash, hash);

    /// <summary>Whether the name is one of them, of the kind that it looks like.</summary>
    internal bool IsFor(string name)
    {
        if (name.Contains("://", StringComparison.Ordinal))
            return _names.Contains((Uri, name));
        if (IPAddress.TryParse(name, out IPAddress? address))
            return _names.Contains((Address, address.ToString()));
        int kind = name.Contains('@', StringComparison.Ordinal) ? Email : Dns;
        return _names.Exists(one => one.Kind == kind && one.Text.Equals(name, StringComparison.OrdinalIgnoreCase));
    }

    private static List<(int Kind, string Text)> Read(X509Certificate2 certificate)
    {
        var names = new List<(int Kind, string Text)>();
        try
        {
            foreach (X509Extension extension in certificate.Extensions.Where(static one => one.Oid?.Value == AlternativeNames))
            {
                AsnReader all = new AsnReader(extension.RawData, AsnEncodingRules.DER).ReadSequence();
                while (all.HasData)
                {
                    Asn1Tag tag = all.PeekTag();
                    if (tag.TagClass != TagClass.ContextSpecific || tag.TagValue is not (Email or Dns or Uri or Address))
                        all.ReadEncodedValue();
                    else if (tag.TagValue == Address)
                        names.Add((Address, new IPAddress(all.ReadOctetString(tag)).ToString()));
                    else
                        names.Add((tag.TagValue, all.ReadCharacterString(UniversalTagNumber.IA5String, tag)));
                }
            }
        }
        catch (Exception wrong) when (wrong is AsnContentException or ArgumentException)
        {
            // Somebody signed what is no list of names: then it is for nobody that a rule could name.
            names.Clear();
        }

        return names;
    }
}
