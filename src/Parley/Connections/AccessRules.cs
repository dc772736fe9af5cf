using System.Net;

namespace Parley;

/// <summary>
/// Whom one talks to: a peer whom a deny rule means is refused; where there is an allow rule, so is whoever none of them means. Immutable, safe from any thread.
/// </summary>
/// <remarks>
/// Rules narrow what the channel itself lets in, with one exception: where an allow rule names a user or a group, the rules decide alone who may be at the
/// other end of a named pipe or of shared memory, which otherwise is this user and root (<see cref="ConnectionOptions.AllowOtherUsers"/>). Root has to be
/// allowed as anybody else then. The permissions of the socket's file are another matter (<see cref="ListenerOptions.UnixSocketMode"/>).
/// </remarks>
public sealed class AccessRules
{
    private readonly PeerRule[] _allow;
    private readonly PeerRule[] _deny;

    /// <summary>Makes rules.</summary>
    /// <param name="allow">Those who may; none for everybody.</param>
    /// <param name="deny">Those who may not, whatever else allows them.</param>
    public AccessRules(IEnumerable<PeerRule>? allow = null, IEnumerable<PeerRule>? deny = null)
    {
        _allow = [.. allow ?? []];
        _deny = [.. deny ?? []];
        NamesUsers = Array.Exists(_allow, static rule => rule.Kind is PeerRuleKind.User or PeerRuleKind.Group);
        NeedsCertificate = _allow.Concat(_deny).Any(static rule => rule.Kind is PeerRuleKind.CertificateName or PeerRuleKind.Pin);
    }

    /// <summary>Those who may; none for everybody.</summary>
    public IReadOnlyList<PeerRule> Allow => _allow;

    /// <summary>Those who may not.</summary>
    public IReadOnlyList<PeerRule> Deny => _deny;

    /// <summary>Whether they say which users may.</summary>
    internal bool NamesUsers { get; }

    /// <summary>Whether the peer has to show a certificate for them to be answered.</summary>
    internal bool NeedsCertificate { get; }

    /// <exception cref="ArgumentException">The peer at such an endpoint cannot be known as a rule wants to.</exception>
    internal void Check(EndPoint endPoint)
    {
        if (_allow.Concat(_deny).FirstOrDefault(rule => !rule.CanBeKnownAt(endPoint)) is { } rule)
            throw new ArgumentException($"Of a peer at {ParleyEndPoint.Format(endPoint)} it cannot be known whether '{rule}' means it.", nameof(endPoint));
    }

    /// <summary>Whether a user of this machine may.</summary>
    internal bool Permit(uint userId, uint groupId)
    {
        foreach (PeerRule rule in _deny)
        {
            if (rule.Matches(userId, groupId))
                return false;
        }

        foreach (PeerRule rule in _allow)
        {
            if (rule.Matches(userId, groupId))
                return true;
        }

        return _allow.Length == 0;
    }

    /// <summary>Whether an address may, as far as can be said before the peer has shown a certificate.</summary>
    internal bool MayPermit(UInt128 address) => !IsDenied(address) && (_allow.Length == 0 || IsAllowed(address) || AllowsCertificates);

    /// <summary>Whether the holder of a certificate may, coming from that address.</summary>
    internal bool Permit(UInt128? address, PeerCertificate certificate)
    {
        if (Array.Exists(_deny, rule => rule.Matches(certificate)) || (address is UInt128 denied && IsDenied(denied)))
            return false;
        return _allow.Length == 0 || (address is UInt128 allowed && IsAllowed(allowed)) || Array.Exists(_allow, rule => rule.Matches(certificate));
    }

    private bool AllowsCertificates => Array.Exists(_allow, static rule => rule.Kind is PeerRuleKind.CertificateName or PeerRuleKind.Pin);

    private bool IsAllowed(UInt128 address)
    {
        foreach (PeerRule rule in _allow)
        {
            if (rule.Matches(address))
                return true;
        }

        return false;
    }

    private bool IsDenied(UInt128 address)
    {
        foreach (PeerRule rule in _deny)
        {
            if (rule.Matches(address))
                return true;
        }

        return false;
    }
}
