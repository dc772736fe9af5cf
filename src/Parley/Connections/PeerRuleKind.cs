namespace Parley;

/// <summary>What a <see cref="PeerRule"/> looks at.</summary>
public enum PeerRuleKind
{
    /// <summary>The peer's address: TCP and TLS.</summary>
    Network,

    /// <summary>The peer's effective user, as the kernel knows it: Unix sockets, named pipes and shared memory. Of a FIFO and of a queue their owner.</summary>
    User,

    /// <summary>The peer's effective group, as the kernel knows it; its further groups are not looked at. Of a FIFO and of a queue theirs. The same channels.</summary>
    Group,

    /// <summary>A name in the peer's certificate (subject alternative name): TLS.</summary>
    CertificateName,

    /// <summary>The key of the peer's certificate: TLS.</summary>
    Pin,
}
