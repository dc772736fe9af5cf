using System.CommandLine;
using System.Net;

namespace Parley.Cli.Commands;

/// <summary>Options of the verbs that have a peer: who may be there.</summary>
/// <param name="whom">Who the peer is, in words.</param>
internal sealed class AccessSettings(string whom)
{
    private readonly Option<string[]> _allow = RuleOption("--allow", $"Talk only to {whom} that a rule means: an address, a range (10.0.0.0/8), uid:N, gid:N or user:NAME on this machine, san:NAME or pin:PIN of a TLS certificate; any of several");
    private readonly Option<string[]> _deny = RuleOption("--deny", $"Never talk to {whom} that such a rule means, whatever allows it");

    internal void AddTo(Command command)
    {
        command.Options.Add(_allow);
        command.Options.Add(_deny);
    }

    /// <summary>The rules; <see langword="null"/> where there are none.</summary>
    /// <exception cref="UsageException">One is none, or cannot be answered at that endpoint.</exception>
    internal AccessRules? Get(ParseResult parsed, EndPoint endPoint)
    {
        PeerRule[] allow = Rules(parsed, _allow, endPoint);
        PeerRule[] deny = Rules(parsed, _deny, endPoint);
        return allow.Length + deny.Length == 0 ? null : new AccessRules(allow, deny);
    }

    /// <summary>Whether users of this machine are named among those who may.</summary>
    internal static bool NamesUsers(AccessRules? rules) => rules?.Allow.Any(static rule => rule.Kind is PeerRuleKind.User or PeerRuleKind.Group) ?? false;

    /// <exception cref="UsageException">A rule asks for a certificate that no client is asked for.</exception>
    internal static void CheckCertificates(ListenerOptions options)
    {
        if (options is { AccessRules: { } rules, Tls: { ClientAuthorityFile: null, Pins.Count: 0 } }
            && rules.Allow.Concat(rules.Deny).FirstOrDefault(static rule => rule.Kind is PeerRuleKind.CertificateName or PeerRuleKind.Pin) is { } asked)
        {
            throw new UsageException($"'{asked}' is about a certificate, and clients are asked for none", "--client-ca FILE asks them for one of its authorities");
        }
    }

    private static PeerRule[] Rules(ParseResult parsed, Option<string[]> option, EndPoint endPoint)
        => [.. (parsed.GetValue(option) ?? []).Select(text => Rule(option.Name, text, endPoint))];

    private static PeerRule Rule(string option, string text, EndPoint endPoint)
    {
        PeerRule rule;
        try
        {
            rule = PeerRule.Parse(text);
        }
        catch (FormatException wrong)
        {
            throw new UsageException($"{option}: {wrong.Message}");
        }

        return rule.CanBeKnownAt(endPoint)
            ? rule
            : throw new UsageException($"{option}: whether '{text}' means a peer cannot be known at {ParleyEndPoint.Format(endPoint)}", rule.Kind switch
            {
                PeerRuleKind.Network => "addresses are known at tcp://host:port and tls://host:port",
                PeerRuleKind.User or PeerRuleKind.Group => "users are known at unix:, pipe: and shm:, owners at fifo: and mq:",
                _ => "certificates are known at tls://host:port",
            });
    }

    private static Option<string[]> RuleOption(string name, string description) => new(name) { Description = description, HelpName = "RULE" };
}
