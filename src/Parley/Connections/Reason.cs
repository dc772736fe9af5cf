namespace Parley;

/// <summary>Why a step failed.</summary>
public enum Reason
{
    /// <summary>None of the others; the message and the error number say more.</summary>
    Other,

    /// <summary>Nothing listens there.</summary>
    Refused,

    /// <summary>Somebody else has the name or address.</summary>
    InUse,

    /// <summary>The host, path or name does not exist.</summary>
    NotFound,

    /// <summary>Permission was denied.</summary>
    Denied,

    /// <summary>A deadline passed.</summary>
    TimedOut,

    /// <summary>The peer broke the connection off.</summary>
    Reset,

    /// <summary>The peer's process ended without closing the conversation.</summary>
    PeerDied,

    /// <summary>There is no room now.</summary>
    Full,

    /// <summary>The message, name or frame is longer than allowed.</summary>
    TooLarge,

    /// <summary>The bytes received are not what was agreed on.</summary>
    Corrupt,

    /// <summary>A limit of the system or of the process was met.</summary>
    Limit,

    /// <summary>This side gave up: the connection was aborted or disposed.</summary>
    Aborted,

    /// <summary>The peer is not who it has to be, or does not believe that this side is, or speaks no TLS.</summary>
    Untrusted,
}
