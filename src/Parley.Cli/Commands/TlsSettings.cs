using System.CommandLine;
using System.Net;
using System.Security.Cryptography.X509Certificates;
using Parley.Cli.Output;

namespace Parley.Cli.Commands;

/// <summary>Options of the verbs that speak TLS.</summary>
/// <param name="listens">Whether the verb has clients.</param>
/// <param name="connects">Whether it has servers.</param>
/// <param name="place">Which endpoints they are for.</param>
internal sealed class TlsSettings(bool listens = false, bool connects = false, string place = "tls://host:port")
{
    private const string Tls = "TLS: ";

    private readonly Option<string?> _certificate = FileOption("--cert", listens
        ? "the certificate, and those that lead to its authority, in PEM; read anew when it changes"
        : "the certificate that tells the server who this is, in PEM");
    private readonly Option<string?> _key = FileOption("--key", "its key in PEM, without a password (default: in the same file)");
    private readonly Option<bool> _selfSigned = new("--self-signed") { Description = Tls + "make a certificate for this run, and say the pin that clients know it by" };
    private readonly Option<string?> _clientAuthority = FileOption("--client-ca", "refuse clients without a certificate of these authorities (PEM)");
    private readonly Option<string?> _authority = FileOption("--ca", "the authorities to trust, in PEM (default: the system's)");
    private readonly Option<string?> _revocations = FileOption("--crl", "certificates that were revoked: a list in PEM or DER");
    private readonly Option<string[]> _pins = new("--pin")
    {
        Description = Tls + (connects ? "the key that the server has to have" : "a key that clients have to have") + ": sha256//BASE64 or 64 hexadecimal digits; any of several",
        HelpName = "PIN",
    };
    private readonly Option<string?> _serverName = new("--server-name") { Description = Tls + "the name that the server's certificate has to be for (default: the host)", HelpName = "NAME" };
    private readonly Option<bool> _insecure = new("--insecure") { Description = Tls + "talk to any server, whoever it is: anybody may listen and change what is said" };
    private readonly Option<string[]> _protocols = new("--alpn") { Description = Tls + "what follows inside, such as http/1.1; the preferred first", HelpName = "NAME" };

    internal void AddTo(Command command)
    {
        foreach (Option option in All)
            command.Options.Add(option);
    }

    private IEnumerable<Option> All => [_certificate, _key, .. (listens ? Listening : []), .. (connects ? Connecting : []), _pins, _revocations, _protocols];

    private Option[] Listening => [_selfSigned, _clientAuthority];

    private Option[] Connecting => [_authority, _serverName, _insecure];

    /// <exception cref="UsageException">An option is given, and no endpoint for it; or options exclude each other.</exception>
    internal void Check(ParseResult parsed, EndPoint? local, EndPoint? remote)
    {
        if (local is not TlsEndPoint)
            Refuse(parsed, Listening, listens && connects ? "a listener on tls://host:port" : "tls://host:port");
        bool isClient = IsSecure(remote) || local is AmqpEndPoint { IsSecure: true };
        if (!isClient)
            Refuse(parsed, Connecting, listens && connects ? "a target at tls://host:port, or amqps:" : place);
        if (local is not TlsEndPoint && !isClient)
            Refuse(parsed, All, place);
        if (local is TlsEndPoint && (parsed.GetValue(_certificate) is null) == !parsed.GetValue(_selfSigned))
        {
            throw new UsageException(
                "a server of TLS has a certificate: either --cert or --self-signed", "parley serve tls://127.0.0.1:5000 --cert server.pem --key server.key");
        }

        if (parsed.GetValue(_key) is not null && parsed.GetValue(_certificate) is null)
            throw new UsageException("--key is for the certificate of --cert");
        if (connects && parsed.GetValue(_insecure) && (parsed.GetValue(_authority) is not null || Pins(parsed).Length > 0 || parsed.GetValue(_serverName) is not null))
            throw new UsageException("--insecure trusts any server: --ca, --pin and --server-name have no place beside it");
        if (connects && parsed.GetValue(_serverName) is { } name && Uri.CheckHostName(name) is not (UriHostNameType.Dns or UriHostNameType.IPv4 or UriHostNameType.IPv6))
            throw new UsageException($"--server-name: '{name}' is no name or address that a certificate could be for");
        if (parsed.GetValue(_revocations) is not null && !AsksClients(parsed, local, isClient) && !(isClient && !parsed.GetValue(_insecure)))
        {
            throw new UsageException(
                isClient ? "--insecure trusts any server: --crl has no place beside it" : "--crl is about certificates, and clients are asked for none",
                isClient ? null : "--client-ca FILE asks them for one of its authorities");
        }

        if (Array.Find(Pins(parsed), static pin => !TlsCertificate.IsPin(pin)) is { } wrong)
            throw new UsageException($"--pin: '{wrong}' is no pin", "sha256// and 44 characters of base64, as --self-signed says it, or 64 hexadecimal digits");
    }

    /// <summary>For clients that come; a pin that was made is said on standard error.</summary>
    internal TlsOptions? ForListener(ParseResult parsed, EndPoint local, bool hasTarget, bool isQuiet)
    {
        if (local is not TlsEndPoint tls)
            return null;
        var options = new TlsOptions
        {
            CertificateFile = parsed.GetValue(_certificate),
            KeyFile = parsed.GetValue(_key),
            ClientAuthorityFile = parsed.GetValue(_clientAuthority),
            RevocationFile = AsksClients(parsed, local, hasTarget) ? parsed.GetValue(_revocations) : null,
        };
        AddLists(parsed, options, withPins: !hasTarget);
        if (parsed.GetValue(_selfSigned))
        {
            options.Certificate = SelfSigned(tls);
            if (!isQuiet)
                StandardError.WriteLine("pin " + TlsCertificate.PinOf(options.Certificate));
        }

        return options;
    }

    /// <summary>For a server that is connected to.</summary>
    internal TlsOptions? ForClient(ParseResult parsed, EndPoint remote, bool hasListener = false)
    {
        if (!IsSecure(remote))
            return null;
        var options = new TlsOptions
        {
            CertificateFile = hasListener ? null : parsed.GetValue(_certificate),
            KeyFile = hasListener ? null : parsed.GetValue(_key),
            AuthorityFile = parsed.GetValue(_authority),
            ServerName = parsed.GetValue(_serverName),
            DangerousAcceptAnyServer = parsed.GetValue(_insecure),
            RevocationFile = parsed.GetValue(_insecure) ? null : parsed.GetValue(_revocations),
        };
        AddLists(parsed, options, withPins: true);
        return options;
    }

    private static bool IsSecure(EndPoint? remote) => remote is TlsEndPoint or AmqpEndPoint { IsSecure: true };

    private static X509Certificate2 SelfSigned(TlsEndPoint local)
    {
        string host = local.Address is DnsEndPoint name ? name.Host : ((IPEndPoint)local.Address).Address.ToString();
        return TlsCertificate.CreateSelfSigned([.. new[] { host, Dns.GetHostName(), "localhost", "127.0.0.1", "::1" }.Distinct(StringComparer.OrdinalIgnoreCase)]);
    }

    private static Option<string?> FileOption(string name, string description) => new(name) { Description = Tls + description, HelpName = "FILE" };

    private static void Refuse(ParseResult parsed, IEnumerable<Option> options, string place)
    {
        if (options.FirstOrDefault(option => parsed.GetResult(option) is { Implicit: false }) is { } given)
            throw new UsageException($"{given.Name} is for {place}");
    }

    /// <summary>Whether clients have to show a certificate. Where there is a target too, pins are about that.</summary>
    private bool AsksClients(ParseResult parsed, EndPoint? local, bool hasTarget)
        => listens && local is TlsEndPoint && (parsed.GetValue(_clientAuthority) is not null || (!hasTarget && Pins(parsed).Length > 0));

    private string[] Pins(ParseResult parsed) => parsed.GetValue(_pins) ?? [];

    private void AddLists(ParseResult parsed, TlsOptions options, bool withPins)
    {
        foreach (string pin in withPins ? Pins(parsed) : [])
            options.Pins.Add(pin);
        foreach (string protocol in parsed.GetValue(_protocols) ?? [])
            options.ApplicationProtocols.Add(protocol);
    }
}
