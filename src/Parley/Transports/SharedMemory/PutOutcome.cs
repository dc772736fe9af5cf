namespace Parley.Transports.SharedMemory;

/// <summary>How far bytes went into a ring.</summary>
internal enum PutOutcome
{
    /// <summary>All of them.</summary>
    Done,

    /// <summary>As far as there was room.</summary>
    Full,

    /// <summary>The peer reads no more.</summary>
    PeerGone,

    /// <summary>The peer says what cannot be.</summary>
    Corrupt,
}
