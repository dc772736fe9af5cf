namespace Parley.Transports.Sockets;

/// <summary>What a peer has too much of.</summary>
internal enum Excess
{
    /// <summary>Nothing: it is let in.</summary>
    None,

    /// <summary>Connections at once.</summary>
    Open,

    /// <summary>New connections a second.</summary>
    Rate,
}
