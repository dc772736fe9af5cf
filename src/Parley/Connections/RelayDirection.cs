namespace Parley;

/// <summary>One direction of a relay, its end included.</summary>
internal sealed class RelayDirection(Connection source, Connection target)
{
    private static readonly TimeSpan LongestDelivery = TimeSpan.FromSeconds(10);

    private readonly Transfer _transfer = new(source, target);

    internal long Moved => _transfer.Moved;

    private CancellationTokenRegistration _exit;

    internal ConnectionException? Failure { get; private set; }

    /// <summary>The other direction, where there is one.</summary>
    internal RelayDirection? Opposite { get; set; }

    /// <summary>Nobody is stopped any more by what happens later. Both directions are over.</summary>
    internal void End() => _exit.Dispose();

    internal async Task RunAsync(CancellationToken cancellationToken)
    {
        try
        {
            await source.TransferAsync(_transfer, cancellationToken).ConfigureAwait(false);
            if (_transfer.IsStopped)
                return;
            _transfer.IsReading = false;
            await target.CompleteWritesAsync(cancellationToken).ConfigureAwait(false);

            // A program that has exited hears nothing any more: whatever its client could still say is said to nobody. It may exit later than
            // its output ends.
            if (source.RemoteEndPoint is ProcessEndPoint && Opposite is not null)
                _exit = source.Closed.UnsafeRegister(static opposite => ((RelayDirection)opposite!)._transfer.Stop(), Opposite);
        }
        catch (ConnectionException failure)
        {
            Failure = failure;
            await BreakAsync(failure, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception unforeseen) when (unforeseen is not OperationCanceledException)
        {
            // Whoever waits for both directions is to hear of it.
            Opposite?._transfer.Stop();
            throw;
        }
    }

    /// <summary>
    /// With both directions over: where the target reads no more, its peer is told as this process was. A graceful end would go on taking from it, and throw that away.
    /// </summary>
    internal async ValueTask RefuseRestAsync(CancellationToken cancellationToken)
    {
        // What a program leaves of its input is its own affair, and the end of its output the end of all.
        if (Failure is not { } refused || _transfer.IsReading || target.HasIndependentDirections || target.RemoteEndPoint is ProcessEndPoint)
            return;
        await DeliverAsync(source, cancellationToken).ConfigureAwait(false);
        source.Abort(refused);
    }

    private async ValueTask BreakAsync(ConnectionException failure, CancellationToken cancellationToken)
    {
        if (_transfer.IsReading)
        {
            // The target gets what the source said before it broke, and then a break of its own: not an end.
            await DeliverAsync(target, cancellationToken).ConfigureAwait(false);
            target.Abort(failure);
        }
        else if (target.HasIndependentDirections)
        {
            // Nobody reads what we print: what could still be typed would go nowhere either.
            Opposite?._transfer.Stop();
        }

        // Otherwise the other direction goes on: the target may still say what it sent before it stopped listening.
    }

    private static async ValueTask DeliverAsync(Connection recipient, CancellationToken cancellationToken)
    {
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        deadline.CancelAfter(LongestDelivery);
        try
        {
            await recipient.WaitForDeliveryAsync(deadline.Token).ConfigureAwait(false);
        }
        catch (Exception undelivered) when (undelivered is ConnectionException or OperationCanceledException)
        {
            // It is broken off either way, and the failure that is told is the source's.
            cancellationToken.ThrowIfCancellationRequested();
        }
    }
}
