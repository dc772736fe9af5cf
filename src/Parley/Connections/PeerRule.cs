using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Parley.Transports;

namespace Parley;

/// <summary>Whom one line of <see cref="AccessRules"/> means. Immutable, safe from any thread.</summary>
public sealed class PeerRule
{
    private const int LongestRule = 1024;

    private readonly string _text;
    private readonly AddressRange _range;
    private readonly uint _number;
    private readonly string _name = "";
    private readonly byte[] _pin = [];

    private PeerRule(PeerRuleKind kind, string text)
    {
        Kind = kind;
        _text = text;
    }

    private PeerRule(string text, AddressRange range)
        : this(PeerRuleKind.Network, text) => _range = range;

    private PeerRule(PeerRuleKind kind, string text, uint number)
        : this(kind, text) => _number = number;

    private PeerRule(string text, string name)
        : this(PeerRuleKind.CertificateName, text) => _name = name;

    private PeerRule(string text, byte[] pin)
        : this(PeerRuleKind.Pin, text) => _pin = pin;

    /// <summary>What it looks at.</summary>
    public PeerRuleKind Kind { get; }

    /// <summary>Reads a rule.</summary>
    /// <param name="text">
    /// One of: an address or a range of them (<c>192.0.2.7</c>, <c>10.0.0.0/8</c>, <c>2001:db8::/32</c>; an IPv6 range means no IPv4 address, unless it
    /// lies within <c>::ffff:0:0/96</c>, which is IPv4); <c>uid:N</c>, <c>gid:N</c>; <c>user:NAME</c>, which is looked up now; <c>san:NAME</c>, a DNS
    /// name, address, e-mail address or URI exactly as it is in a certificate, DNS and e-mail in either case; <c>pin:PIN</c>, as
    /// <see cref="TlsOptions.Pins"/> takes it.
    /// </param>
    /// <returns>The rule.</returns>
    /// <exception cref="FormatException">It is none, or there is no such user.</exception>
    public static PeerRule Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        return TryParse(text, out PeerRule? rule, out string? problem) ? rule : throw new FormatException(problem);
    }

    /// <summary>The same without an exception.</summary>
    /// <param name="text">The rule.</param>
    /// <param name="rule">The rule, if it is one.</param>
    /// <returns>Whether it is one.</returns>
    public static bool TryParse(string? text, [NotNullWhen(true)] out PeerRule? rule) => TryParse(text ?? "", out rule, out _);

    /// <summary>Whether it can be known of a peer at such an endpoint. A rule is refused where it cannot.</summary>
    /// <param name="endPoint">Where one listens or connects.</param>
    /// <returns>Whether it can.</returns>
    public bool CanBeKnownAt(EndPoint endPoint) => Kind switch
    {
        PeerRuleKind.Network => endPoint is IPEndPoint or DnsEndPoint or TlsEndPoint,
        PeerRuleKind.User or PeerRuleKind.Group =>
            endPoint is UnixDomainSocketEndPoint or NamedPipeEndPoint or SharedMemoryEndPoint or FifoEndPoint or MessageQueueEndPoint,
        _ => endPoint is TlsEndPoint,
    };

    /// <summary>The rule as it was written.</summary>
    /// <returns>The text.</returns>
    public override string ToString() => _text;

    internal bool Matches(UInt128 address) => Kind == PeerRuleKind.Network && _range.Contains(address);

    internal bool Matches(uint userId, uint groupId)
        => (Kind == PeerRuleKind.User && _number == userId) || (Kind == PeerRuleKind.Group && _number == groupId);

    internal bool Matches(PeerCertificate certificate) => Kind switch
    {
        PeerRuleKind.CertificateName => certificate.IsFor(_name),
        PeerRuleKind.Pin => certificate.HasPin(_pin),
        _ => false,
    };

    private static bool TryParse(string text, [NotNullWhen(true)] out PeerRule? rule, [NotNullWhen(false)] out string? problem)
    {
        rule = null;
        problem = null;
        int colon = text.IndexOf(':', StringComparison.Ordinal);
        string value = text[(colon + 1)..];
        if (text.Length > LongestRule || text.AsSpan().ContainsAnyInRange('\0', '\x1F'))
            problem = "a rule has at most 1024 characters, and none that steer a terminal";
        else if (IsPrefix("uid") || IsPrefix("gid"))
            rule = TryParseId(value, out uint id) ? new PeerRule(IsPrefix("uid") ? PeerRuleKind.User : PeerRuleKind.Group, text, id) : null;
        else if (IsPrefix("user"))
            rule = TransportSelector.FindUser(value) is uint user ? new PeerRule(PeerRuleKind.User, text, user) : null;
        else if (IsPrefix("san"))
            rule = value.Length > 0 && value.Trim() == value ? new PeerRule(text, value) : null;
        else if (IsPrefix("pin"))
            rule = TlsCertificate.TryParsePin(value, out byte[]? pin) ? new PeerRule(text, pin) : null;
        else if (AddressRange.TryParse(text, out AddressRange range, out problem))
            rule = new PeerRule(text, range);
        if (rule is not null)
            return true;
        problem ??= IsPrefix("user")
            ? $"there is no user '{value}'"
            : $"'{text}' is no rule: an address, a range such as 10.0.0.0/8, uid:N, gid:N, user:NAME, san:NAME or pin:PIN";
        return false;

        bool IsPrefix(string prefix) => colon == prefix.Length && text.StartsWith(prefix, StringComparison.Ordinal);
    }

    // The last number stands for nobody: system calls use it for "no change".
    private static bool TryParseId(string text, out uint id)
        => uint.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out id) && id != uint.MaxValue;
}
