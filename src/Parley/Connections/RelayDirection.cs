using System.Buffers;
using System.IO.Pipelines;

namespace Parley;

/// <summary>One direction of a relay.</summary>
internal sealed class RelayDirection(Connection source, Connection target)
{
    internal long Moved { get; private set; }

    internal ConnectionException? Failure { get; private set; }

    internal async Task RunAsync(CancellationToken cancellationToken)
    {
        bool reading = true;
        try
        {
            while (true)
            {
                reading = true;
                ReadResult result = await source.Input.ReadAsync(cancellationToken).ConfigureAwait(false);
                ReadOnlySequence<byte> bytes = result.Buffer;
                reading = false;
                foreach (ReadOnlyMemory<byte> segment in bytes)
                {
                    await target.Output.WriteAsync(segment, cancellationToken).ConfigureAwait(false);
                    Moved += segment.Length;
                }

                source.Input.AdvanceTo(bytes.End);
                if (result.IsCanceled)
                    return;
                if (result.IsCompleted)
                {
                    await target.CompleteWritesAsync(cancellationToken).ConfigureAwait(false);
                    return;
                }
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
            await target.AwaitDeliveryAsync(cancellationToken).ConfigureAwait(false);
            target.Abort(failure);
        }
        else if (target.HasIndependentDirections)
        {
            // Nobody reads what we print: what could still be typed would go nowhere either.
            target.Input.CancelPendingRead();
        }

        // Otherwise the other direction goes on: the target may still say what it sent before it stopped listening.
    }
}
