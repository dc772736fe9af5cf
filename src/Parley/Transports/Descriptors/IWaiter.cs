namespace Parley.Transports.Descriptors;

/// <summary>
/// Whoever waits with a call of its own to make when the descriptor is ready: made on the loop's thread before the wait ends, so that a
/// wake-up for nothing wakes nobody.
/// </summary>
internal interface IWaiter
{
    /// <summary>Makes the call. Never throws: what went wrong is told when the wait is over.</summary>
    /// <returns>Whether the wait is over.</returns>
    bool TryFinish();

    /// <summary>Whether the time is over. <paramref name="due"/> is the time to look at next where it is not.</summary>
    bool IsTooLate(out long due);
}
