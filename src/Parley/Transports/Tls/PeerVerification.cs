using System.Net;
using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Parley.Transports.Tls;

/// <summary>Whether the peer of one handshake is who it has to be, and in words why not.</summary>
/// <param name="identity">Whom this side trusts.</param>
/// <param name="name">What a server's certificate has to be for.</param>
internal sealed class PeerVerification(TlsIdentity identity, string? name)
{
    private static readonly (X509ChainStatusFlags Flag, string Words)[] Causes =
    [
        (X509ChainStatusFlags.NotTimeValid, ""),
        (X509ChainStatusFlags.Revoked, "is revoked"),
        (X509ChainStatusFlags.NotValidForUsage, "is not meant for this use"),
        (X509ChainStatusFlags.NotSignatureValid, "has a wrong signature"),
        (X509ChainStatusFlags.UntrustedRoot, "is signed by an authority that is not trusted"),
        (X509ChainStatusFlags.PartialChain, "is signed by an authority that is not known"),
    ];

    /// <summary>Why the peer is refused.</summary>
    internal string? Refusal { get; private set; }

    /// <summary>Whether it is who it says, and is refused nevertheless.</summary>
    internal bool IsDenied { get; private set; }

    /// <summary>Whom this side talks to, and the peer's address; <see langword="null"/> for whoever has a certificate that is valid.</summary>
    internal (AccessRules Rules, IPAddress? Address)? Access { get; init; }

    /// <summary>Whether a server wants to know who this client is, as far as can be known: one that is shown a certificate may have asked for it.</summary>
    internal bool IsAsked { get; private set; } = !identity.IsServer && identity.Own is not null;

    /// <summary>Asked by the engine once before the server has said anything, and once again when that wants a certificate.</summary>
    internal LocalCertificateSelectionCallback NoCertificate => (_, _, _, remote, _) =>
    {
        IsAsked |= remote is not null;
        return null!;
    };

    private string Peer => identity.IsServer ? "client" : "server";

    // A key that is expected by itself needs nobody to vouch for it, unless somebody is named too.
    private bool TrustsKeyAlone => identity.Pins.Length > 0 && identity.Authorities is null;

    private bool TrustsAnybody => !identity.IsServer && identity.Options.DangerousAcceptAnyServer;

    /// <summary>How the chain of certificates is to be looked at: without asking the network.</summary>
    internal X509ChainPolicy Policy()
    {
        var policy = new X509ChainPolicy { RevocationMode = X509RevocationMode.NoCheck, DisableCertificateDownloads = true };
        X509Certificate2Collection? authorities = identity.Authorities;
        if (authorities is null && !TrustsKeyAlone && !TrustsAnybody)
            return policy;
        policy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        if (authorities is not null)
            policy.CustomTrustStore.AddRange(authorities);
        return policy;
    }

    /// <summary>Asked by the engine once it knows that the peer has the key of its certificate.</summary>
    internal RemoteCertificateValidationCallback Accepts => (_, certificate, chain, _) =>
    {
        Refusal = Check(certificate as X509Certificate2, chain);
        if (Refusal is null && Access is var (rules, address) && !IsAllowed(rules, address, certificate as X509Certificate2))
        {
            IsDenied = true;
            Refusal = $"the rules do not allow this {Peer}";
        }

        return Refusal is null;
    };

    private static bool IsAllowed(AccessRules rules, IPAddress? address, X509Certificate2? certificate)
        => certificate is not null && rules.Permit(address is null ? null : AddressRange.NumberOf(address), new PeerCertificate(certificate));

    private string? Check(X509Certificate2? certificate, X509Chain? chain)
    {
        if (certificate is null)
            return identity.AsksPeer ? $"the {Peer} showed no certificate" : null;
        if (TrustsAnybody || !identity.AsksPeer)
            return null;
        if (identity.Pins.Length > 0 && !IsPinned(certificate))
            return $"the {Peer}'s key is not the expected one: its pin is {TlsCertificate.PinOf(certificate)}";
        string? cause = OutOfTime(certificate) ?? (TrustsKeyAlone ? null : ChainCause(certificate, chain)) ?? NameCause(certificate);
        if (cause is null && chain is not null)
            cause = chain.ChainElements.Select(one => Revoked(one.Certificate)).FirstOrDefault(static one => one is not null);
        return cause is null ? null : $"the {Peer}'s certificate {cause}";
    }

    private bool IsPinned(X509Certificate2 certificate)
    {
        byte[] hash = TlsCertificate.HashOf(certificate);
        return Array.Exists(identity.Pins, pin => CryptographicOperations.FixedTimeEquals(pin, hash));
    }

    private static string? OutOfTime(X509Certificate2 certificate)
    {
        DateTime now = DateTime.Now;
        if (now > certificate.NotAfter)
            return $"expired on {certificate.NotAfter:yyyy-MM-dd}";
        return now < certificate.NotBefore ? $"is not valid before {certificate.NotBefore:yyyy-MM-dd}" : null;
    }

    private static string? ChainCause(X509Certificate2 certificate, X509Chain? chain)
    {
        X509ChainStatus[] found = chain?.ChainStatus ?? [];
        if (found.Length == 0)
            return chain is null ? "was not checked" : null;
        foreach ((X509ChainStatusFlags flag, string words) in Causes)
        {
            if (!Array.Exists(found, status => status.Status.HasFlag(flag)))
                continue;
            if (flag == X509ChainStatusFlags.NotTimeValid)
                return "leads to an authority whose own certificate is out of date";
            bool isOwnIssuer = certificate.Issuer == certificate.Subject;
            return flag is X509ChainStatusFlags.UntrustedRoot or X509ChainStatusFlags.PartialChain
                ? isOwnIssuer ? $"is signed by itself, and nothing says that its key is expected (pin {TlsCertificate.PinOf(certificate)})" : $"{words}: {certificate.Issuer}"
                : words;
        }

        return $"is not valid: {found[0].StatusInformation.TrimEnd('.')}";
    }

    private string? NameCause(X509Certificate2 certificate)
    {
        if (identity.IsServer || TrustsKeyAlone || name is null || certificate.MatchesHostname(name, allowCommonName: false))
            return null;
        string[] names = [.. certificate.Extensions.OfType<X509SubjectAlternativeNameExtension>()
            .SelectMany(static one => one.EnumerateDnsNames().Concat(one.EnumerateIPAddresses().Select(static address => address.ToString())))];
        return names.Length == 0 ? $"names no host, and is to be for {name}" : $"is for {string.Join(", ", names)}, not for {name}";
    }

    private string? Revoked(X509Certificate2 certificate)
        => identity.Revocations.Select(list => list.Refusal(certificate)).FirstOrDefault(static one => one is not null);
}
