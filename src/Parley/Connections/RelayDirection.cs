using System.Buffers;
using System.IO.Pipelines;

namespace Parley;

/// <summary>One direction of a relay.</summary>
internal sealed class RelayDirection(Connection source, Connection target)
{
    private static readonly TimeSpan LongestDelivery = TimeSpan.FromSeconds(10);

    private bool _stopped;

    internal long Moved { get; private set; }

    internal ConnectionException? Failure { get; private set; }

    /// <summary>The other direction, where there is one.</summary>
    internal RelayDirection? Opposite { get; set; }

    internal async Task RunAsync(CancellationToken cancellationToken)
    {
        bool reading = true;
        try
        {
            while (!_stopped)
            {
                reading = true;
                ReadResult result = await source.Input.ReadAsync(cancellationToken).ConfigureAwait(false);
                ReadOnlySequence<byte> bytes = result.Buffer;
                reading = false;
                foreach (ReadOnlyMemory<byte> segment in bytes)
                {
                    if (_stopped)
                        return;
                    await target.Output.WriteAsync(segment, cancellationToken).ConfigureAwait(false);
                    Moved += segment.Length;
                }

                source.Input.AdvanceTo(bytes.End);
                if (!result.IsCompleted)
                    continue;
                await target.CompleteWritesAsync(cancellationToken).ConfigureAwait(false);

                // A program that has exited hears nothing any more: whatever its client could still say is said to nobody.
                if (Opposite is not null && source.TryGetExitCode(out _))
                {
                    Opposite.Stop();
                    source.Output.CancelPendingFlush();
                }

                return;
            }
        }
        catch (ConnectionException failure)
        {
            Failure = failure;
            await BreakAsync(failure, reading, cancellationToken).ConfigureAwait(false);
        }
    }

    private async ValueTask BreakAsync(ConnectionException failure, bool reading, CancellationToken cancellationToken)
    {
        if (reading)
        {
            // The target gets what the source said before it broke, and then a break of its own: not an end.
            await DeliverAsync(cancellationToken).ConfigureAwait(false);
            target.Abort(failure);
        }
        else if (target.HasIndependentDirections)
        {
            // Nobody reads what we print: what could still be typed would go nowhere either.
            Opposite?.Stop();
        }

        // Otherwise the other direction goes on: the target may still say what it sent before it stopped listening.
    }

    private void Stop()
    {
        _stopped = true;
        source.Input.CancelPendingRead();
    }

    private async ValueTask DeliverAsync(CancellationToken cancellationToken)
    {
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        deadline.CancelAfter(LongestDelivery);
        try
        {
            await target.WaitForDeliveryAsync(deadline.Token).ConfigureAwait(false);
        }
        catch (Exception undelivered) when (undelivered is ConnectionException or OperationCanceledException)
        {
            // It is broken off either way, and the failure that is told is the source's.
            cancellationToken.ThrowIfCancellationRequested();
        }
    }
}
