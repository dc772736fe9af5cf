namespace Parley;

/// <summary>What a relay moved and how it ended.</summary>
/// <param name="FirstToSecond">Bytes taken from the first connection and written to the second.</param>
/// <param name="SecondToFirst">Bytes taken from the second connection and written to the first.</param>
/// <param name="FirstToSecondFailure">What ended that direction before its end; <see langword="null"/> where it ended cleanly.</param>
/// <param name="SecondToFirstFailure">What ended the other direction before its end.</param>
public sealed record RelayResult(
    long FirstToSecond, long SecondToFirst, ConnectionException? FirstToSecondFailure, ConnectionException? SecondToFirstFailure)
{
    /// <summary>The first failure there was, if any.</summary>
    public ConnectionException? Failure => FirstToSecondFailure ?? SecondToFirstFailure;
}

/// <summary>Joins two connections: what one says, the other hears.</summary>
public static class ConnectionRelay
{
    /// <summary>
    /// Copies both ways until both sides have ended. An end is carried through as a half-close, a break as a break: never as an end. Whose words the other side reads
    /// no more is aborted, once it has what was said to it.
    /// The connections stay the caller's to dispose.
    /// </summary>
    /// <param name="first">One side.</param>
    /// <param name="second">The other.</param>
    /// <param name="cancellationToken">Gives up: both directions stop where they are.</param>
    /// <returns>What was moved, and what went wrong.</returns>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public static async Task<RelayResult> JoinAsync(Connection first, Connection second, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(first);
        ArgumentNullException.ThrowIfNull(second);
        var forth = new RelayDirection(first, second);
        var back = new RelayDirection(second, first) { Opposite = forth };
        forth.Opposite = back;
        Task forthDone = forth.RunAsync(cancellationToken);
        Task backDone = back.RunAsync(cancellationToken);
        try
        {
            await Task.WhenAll(forthDone, backDone).ConfigureAwait(false);
            await forth.RefuseRestAsync(cancellationToken).ConfigureAwait(false);
            await back.RefuseRestAsync(cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            forth.End();
            back.End();
        }

        return new RelayResult(forth.Moved, back.Moved, forth.Failure, back.Failure);
    }

    /// <summary>Copies one way until the source has ended, and then half-closes the target.</summary>
    /// <param name="source">Read to its end.</param>
    /// <param name="target">Written.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>Bytes moved.</returns>
    /// <exception cref="ConnectionException">Either side broke off.</exception>
    public static async Task<long> CopyAsync(Connection source, Connection target, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(source);
        ArgumentNullException.ThrowIfNull(target);
        var direction = new RelayDirection(source, target);
        await direction.RunAsync(cancellationToken).ConfigureAwait(false);
        return direction.Failure is null ? direction.Moved : throw direction.Failure;
    }

    /// <summary>
    /// Moves what the source says to the target until the source has ended, within the kernel where both can. Neither is ended, nor
    /// aborted where the other fails.
    /// </summary>
    /// <param name="source">Read to its end.</param>
    /// <param name="target">Written.</param>
    /// <param name="cancellationToken">Gives up; what was moved was moved.</param>
    /// <exception cref="ConnectionException">Either side broke off.</exception>
    public static async ValueTask MoveAsync(Connection source, Connection target, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(source);
        ArgumentNullException.ThrowIfNull(target);
        await source.TransferAsync(new Transfer(source, target), cancellationToken).ConfigureAwait(false);
    }
}
