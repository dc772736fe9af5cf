using System.Net;
using Microsoft.Extensions.Logging;
using Parley.Interop.Linux;

namespace Parley.Transports.Sockets;

/// <summary>
/// Decides on each client right after it was accepted, before anything is made for it: by its address without a system call, by its user with one.
/// Counts those who are let go, and tells of them as often as <see cref="LogPace"/> allows.
/// </summary>
internal sealed class PeerGate
{
    private const string RulesSayNo = LocalPeer.RulesSayNo;

    private readonly ListenerOptions _options;
    private readonly EndPoint _local;
    private readonly bool _isTcp;
    private readonly bool _ownUserOnly;
    private readonly ILogger _logger;
    private readonly LogPace _pace = new();
    private readonly PeerQuotas? _quotas;
    private long _refused;
    private long _overQuota;

    private PeerGate(ListenerOptions options, EndPoint local, bool isTcp, bool ownUserOnly, ILogger logger)
    {
        _options = options;
        _local = local;
        _isTcp = isTcp;
        _ownUserOnly = ownUserOnly;
        _logger = logger;
        if (options.MaxConnectionsPerPeer is not null || options.ConnectRatePerPeer is not null)
            _quotas = new PeerQuotas(options.MaxConnectionsPerPeer, options.ConnectRatePerPeer, TimeProvider.System);
    }

    /// <summary>Whether whoever was let in has to be reported by <see cref="Leave"/>.</summary>
    internal bool CountsOpen => _quotas is { CountsOpen: true };

    internal ListenerStatistics Statistics => new(Volatile.Read(ref _refused), Volatile.Read(ref _overQuota));

    /// <returns><see langword="null"/> where everybody may come.</returns>
    internal static PeerGate? Of(ListenerOptions options, EndPoint local, bool isTcp, bool ownUserOnly, ILogger logger)
    {
        bool hasRules = options.AccessRules is not null || options.MaxConnectionsPerPeer is not null || options.ConnectRatePerPeer is not null;
        return hasRules || (ownUserOnly && !options.AllowOtherUsers) ? new PeerGate(options, local, isTcp, ownUserOnly, logger) : null;
    }

    /// <summary>Whether the client may stay.</summary>
    /// <param name="client">Its socket.</param>
    /// <param name="address">Its address as a number; of TCP only.</param>
    /// <param name="peer">Who it is for <see cref="Leave"/>.</param>
    internal Admission Admit(DescriptorHandle client, UInt128 address, out UInt128 peer) => _isTcp ? Admit(address, out peer) : AdmitUser(client, out peer);

    /// <summary>The same for TCP, which needs no socket.</summary>
    internal Admission Admit(UInt128 address, out UInt128 peer)
    {
        // A network of IPv6 is one peer: its owner has 2^64 addresses.
        peer = AddressRange.IsIPv4(address) ? address : address >> 64 << 64;
        if (_options.AccessRules is { } rules && !rules.MayPermit(address))
            return Refuse(Admission.NotAllowed, address, RulesSayNo);
        return AdmitWithinQuota(peer, address);
    }

    /// <summary>A client that was let in is gone.</summary>
    internal void Leave(UInt128 peer) => _quotas!.Leave(peer);

    private Admission AdmitUser(DescriptorHandle client, out UInt128 peer)
    {
        bool isKnown = SocketCalls.TryGetPeerCredentials(client, out PeerCredentials user);
        peer = user.UserId;
        if (!isKnown)
            return Refuse(Admission.NotAllowed, peer, "nobody can say whose it is");
        return LocalPeer.Objection(_options, _ownUserOnly, user) is { } objection ? Refuse(Admission.NotAllowed, peer, objection) : AdmitWithinQuota(peer, peer);
    }

    private Admission AdmitWithinQuota(UInt128 peer, UInt128 who) => (_quotas?.TryEnter(peer) ?? Excess.None) switch
    {
        Excess.Open => Refuse(Admission.NoRoom, who, "it has as many connections as one peer may have"),
        Excess.Rate => Refuse(Admission.NoRoom, who, "it connects more often than one peer may"),
        _ => Admission.Granted,
    };

    private Admission Refuse(Admission refusal, UInt128 who, string cause)
    {
        Interlocked.Increment(ref (refusal == Admission.NoRoom ? ref _overQuota : ref _refused));
        if (_logger.IsEnabled(LogLevel.Warning) && _pace.IsDue(out string others))
            ListenerLog.ClientTurnedAway(_logger, Describe(who), ParleyEndPoint.Format(_local), cause, others);
        return refusal;
    }

    private string Describe(UInt128 who)
    {
        if (_isTcp)
            return $"A client at {AddressRange.ToText(who)}";
        return OwnUser.IsThis((uint)who) ? $"A client of this user (uid {who})" : $"A client of another user (uid {who})";
    }
}
