using System.Net;
using System.Net.Security;
using System.Security.Cryptography.X509Certificates;

namespace Parley.Transports.Tls;

/// <summary>Who this side is, and whom it trusts: what the options name, read from files where they name files.</summary>
internal sealed class TlsIdentity
{
    private readonly FileContent<SslStreamCertificateContext>? _files;
    private readonly SslStreamCertificateContext? _fixed;
    private readonly FileContent<X509Certificate2Collection>? _authorities;
    private readonly FileContent<RevocationList[]>? _revocations;

    /// <summary>Reads every file once, so that a wrong one is told before anything else is done.</summary>
    /// <exception cref="ConnectionException">A file cannot be read.</exception>
    internal TlsIdentity(TlsOptions options, bool isServer, EndPoint? endPoint, Action<string>? keptOld = null)
    {
        Options = options;
        IsServer = isServer;
        if (options.CertificateFile is { } file)
        {
            string[] paths = options.KeyFile is { } key ? [file, key] : [file];
            _files = new(endPoint, "the certificate", paths, () => Read(file, options.KeyFile)) { KeptOld = keptOld };
        }
        else if (options.Certificate is { } certificate)
        {
            _fixed = SslStreamCertificateContext.Create(certificate, null, offline: true);
        }

        if ((isServer ? options.ClientAuthorityFile : options.AuthorityFile) is { } authorities)
            _authorities = new(endPoint, "the authorities", [authorities], () => ReadAuthorities(authorities)) { KeptOld = keptOld };
        if (options.RevocationFile is { } revocations)
            _revocations = new(endPoint, "the revocation list", [revocations], () => RevocationList.ReadFile(revocations)) { KeptOld = keptOld };
        Pins = [.. options.Pins.Select(static pin => TlsCertificate.TryParsePin(pin, out byte[]? hash) ? hash : [])];
        _files?.Get();
        _authorities?.Get();
        _revocations?.Get();
    }

    internal TlsOptions Options { get; }

    internal bool IsServer { get; }

    /// <summary>Hashes of the keys that the peer may have.</summary>
    internal byte[][] Pins { get; }

    /// <summary>Whether the peer has to show a certificate.</summary>
    internal bool AsksPeer => !IsServer || Options.ClientAuthorityFile is not null || Pins.Length > 0;

    internal SslStreamCertificateContext? Own => _files?.Get() ?? _fixed;

    /// <summary>Those who may vouch for the peer; <see langword="null"/> for those of the system.</summary>
    internal X509Certificate2Collection? Authorities => _authorities?.Get();

    internal RevocationList[] Revocations => _revocations?.Get() ?? [];

    internal List<SslApplicationProtocol>? ApplicationProtocols
        => Options.ApplicationProtocols.Count == 0 ? null : [.. Options.ApplicationProtocols.Select(static name => new SslApplicationProtocol(name))];

    private static SslStreamCertificateContext Read(string certificate, string? key)
    {
        var chain = new X509Certificate2Collection();
        chain.ImportFromPemFile(certificate);
        if (key is null && !File.ReadAllText(certificate).Contains("PRIVATE KEY-----", StringComparison.Ordinal))
            throw new ArgumentException("there is no private key in it, and no file is named that has it");
        X509Certificate2 own = X509Certificate2.CreateFromPemFile(certificate, key);

        // Nothing is asked of the network: what leads to an authority is in the file.
        return SslStreamCertificateContext.Create(own, chain, offline: true);
    }

    private static X509Certificate2Collection ReadAuthorities(string path)
    {
        var authorities = new X509Certificate2Collection();
        authorities.ImportFromPemFile(path);
        return authorities.Count > 0 ? authorities : throw new ArgumentException("there is no certificate in it");
    }
}
