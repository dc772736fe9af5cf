namespace Parley.Transports.Sockets;

/// <summary>What becomes of a client that has just come.</summary>
internal enum Admission
{
    /// <summary>It stays.</summary>
    Granted,

    /// <summary>The rules have no place for such a one.</summary>
    NotAllowed,

    /// <summary>It has as many connections as it may have, or comes too often.</summary>
    NoRoom,
}
