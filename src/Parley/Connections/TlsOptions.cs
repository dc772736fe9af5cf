using System.Security.Cryptography.X509Certificates;

namespace Parley;

/// <summary>
/// Who this side is in TLS, and whom it trusts. Copied and checked when it is used: later changes have no effect. TLS 1.2 and 1.3 are
/// spoken, nothing older.
/// </summary>
/// <remarks>Not safe for use by several threads while it is being changed.</remarks>
public sealed class TlsOptions
{
    private const int LongestProtocolName = 255;

    /// <summary>
    /// This side's certificate, and those that lead from it to an authority, in PEM. A listener looks with each handshake whether this file or that
    /// of the key has changed, and reads both anew: a certificate is renewed without a restart. One that cannot be read leaves the old one in
    /// use. Default <see langword="null"/>.
    /// </summary>
    public string? CertificateFile { get; set; }

    /// <summary>The key of <see cref="CertificateFile"/> in PEM, without a password. Default <see langword="null"/>: it is in the same file.</summary>
    public string? KeyFile { get; set; }

    /// <summary>
    /// This side's certificate with its key, in place of <see cref="CertificateFile"/>; the caller keeps it until the last connection has been
    /// made. A listener needs one of the two. Default <see langword="null"/>.
    /// </summary>
    public X509Certificate2? Certificate { get; set; }

    /// <summary>
    /// The authorities in PEM that a client trusts to say who a server is. Default <see langword="null"/>: those of the system, or none where
    /// <see cref="Pins"/> are given.
    /// </summary>
    public string? AuthorityFile { get; set; }

    /// <summary>
    /// The authorities in PEM that a listener trusts to say who a client is. A client without a certificate of theirs is refused. Default
    /// <see langword="null"/>: clients are not asked who they are.
    /// </summary>
    public string? ClientAuthorityFile { get; set; }

    /// <summary>
    /// Certificates that are no longer valid: lists (CRLs) in PEM or DER, believed as they are, read anew when the file changes. One that is past its own date refuses
    /// every certificate of its issuer. Default <see langword="null"/>: none.
    /// </summary>
    public string? RevocationFile { get; set; }

    /// <summary>
    /// The keys that the peer may have, each as <see cref="TlsCertificate.PinOf"/> writes it, or as 64 hexadecimal digits. A server whose key is
    /// among them needs no authority and no name, unless <see cref="AuthorityFile"/> is given too: then it needs both. Of clients it is asked
    /// besides the authority. Default: none.
    /// </summary>
    public IList<string> Pins { get; private set; } = [];

    /// <summary>The name that the server's certificate has to be for. Default <see langword="null"/>: the host of the endpoint.</summary>
    public string? ServerName { get; set; }

    /// <summary>
    /// Talks to any server, whoever it is: the conversation is encrypted, and anybody may sit in its middle. For tests. Default
    /// <see langword="false"/>.
    /// </summary>
    public bool DangerousAcceptAnyServer { get; set; }

    /// <summary>What may follow inside, the preferred first (ALPN). A peer that names others only is refused. Default: none, which leaves it open.</summary>
    public IList<string> ApplicationProtocols { get; private set; } = [];

    /// <summary>How long a handshake may take. Default 10 s; <see cref="Timeout.InfiniteTimeSpan"/> for any time.</summary>
    public TimeSpan HandshakeTimeout { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>
    /// How many clients of a listener may be in their handshake at once: with one more, the one that has been at it for longest is given up, and
    /// before it those that have not said a byte. So clients that never speak keep nobody out. They are not among those that <see cref="ListenerOptions.MaxConnections"/> counts, and take half of the
    /// process's descriptors (RLIMIT_NOFILE) at most. Default 512; 1 or more.
    /// </summary>
    public int MaxHandshakes { get; set; } = 512;

    internal TlsOptions Snapshot()
    {
        var copy = (TlsOptions)MemberwiseClone();
        copy.Pins = [.. Pins];
        copy.ApplicationProtocols = [.. ApplicationProtocols];
        copy.Validate();
        return copy;
    }

    private void Validate()
    {
        ConnectionOptions.CheckTimeout(HandshakeTimeout, nameof(HandshakeTimeout));
        ArgumentOutOfRangeException.ThrowIfLessThan(MaxHandshakes, 1);
        if (CertificateFile is not null && Certificate is not null)
            throw new ArgumentException("A certificate is a file or an object, not both.", nameof(Certificate));
        if (KeyFile is not null && CertificateFile is null)
            throw new ArgumentException("A key needs its certificate.", nameof(KeyFile));
        if (Certificate is { HasPrivateKey: false })
            throw new ArgumentException("A certificate of this side's own needs its key.", nameof(Certificate));
        if (DangerousAcceptAnyServer && (AuthorityFile is not null || Pins.Count > 0 || ServerName is not null))
            throw new ArgumentException("Who accepts any server trusts no authority, key or name.", nameof(DangerousAcceptAnyServer));
        if (Pins.FirstOrDefault(static pin => !TlsCertificate.TryParsePin(pin, out _)) is { } wrong)
            throw new ArgumentException($"'{wrong}' is no pin: sha256// and 44 characters of base64, or 64 hexadecimal digits.", nameof(Pins));
        if (ApplicationProtocols.Any(static name => name.Length is 0 or > LongestProtocolName || !name.All(char.IsAscii)))
            throw new ArgumentException("A protocol's name has 1 to 255 characters of ASCII.", nameof(ApplicationProtocols));
    }
}
