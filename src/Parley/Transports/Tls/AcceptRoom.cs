namespace Parley.Transports.Tls;

/// <summary>How many clients of one listener are in somebody's hands, and may be.</summary>
#pragma warning disable CA1001 // Neither field has anything to dispose of: no wait handle is made, and no timer.
internal sealed class AcceptRoom(int limit)
#pragma warning restore CA1001
{
    private readonly SemaphoreSlim _room = new(limit);
    private readonly CancellationTokenSource _stopped = new();

    /// <summary>Waits for room for one more.</summary>
    /// <returns><see langword="false"/> once the listener is stopped and there is none.</returns>
    internal async ValueTask<bool> EnterAsync(CancellationToken cancellationToken)
    {
        if (_room.Wait(0, CancellationToken.None))
            return true;
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, _stopped.Token);
        try
        {
            await _room.WaitAsync(either.Token).ConfigureAwait(false);
            return true;
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return false;
        }
    }

    /// <summary>Gives the room back when this client's connection is over.</summary>
    internal void LeaveWith(Connection client) => client.Closed.UnsafeRegister(static room => ((AcceptRoom)room!).Leave(), this);

    internal void Leave() => _room.Release();

    /// <summary>Nobody waits for room any more.</summary>
    internal void Stop() => _stopped.Cancel();
}
