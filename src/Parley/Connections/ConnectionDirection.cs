namespace Parley;

/// <summary>Which ways bytes are to go, for channels that cannot go both ways at once.</summary>
public enum ConnectionDirection
{
    /// <summary>Both.</summary>
    Both,

    /// <summary>From the peer to this side only: <see cref="Connection.Output"/> is at its end from the beginning.</summary>
    ReceiveOnly,

    /// <summary>From this side to the peer only: <see cref="Connection.Input"/> is at its end from the beginning.</summary>
    SendOnly,
}
