namespace Parley.Transports.SharedMemory;

/// <summary>A ring for which somebody waits, as <see cref="LoopLook"/> looks at it. On the loop's thread, and only while somebody waits.</summary>
internal interface IAwaitedRing
{
    /// <summary>Whether the wait is over, be it that nothing comes any more. Changes nothing.</summary>
    bool HasCome();

    /// <summary>Announced, for the socket; fenced; and looked again.</summary>
    /// <returns>What the second look found.</returns>
    bool HasComeAfterAnnouncing();

    /// <summary>The loop does not look any more: what waits for that may be done.</summary>
    void EndLook();
}
