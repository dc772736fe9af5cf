using System.Net;
using Parley.Cli.Output;

namespace Parley.Cli.Messages;

/// <summary>Sends messages to one channel, and counts them.</summary>
internal sealed class Sender(MessageChannel channel, EndPoint target, MessageHeader header, TimeSpan timeout, bool noWait)
{
    // Many are on their way at once to a broker, which takes milliseconds to confirm each; the channel waits at twice as many.
    private const int MostUnderWay = 256;

    private readonly bool _isConfirmed = target is AmqpEndPoint;
    private readonly Queue<(Task Sent, int Length)> _underWay = new();
    private long _bytes;

    /// <summary>How many were sent.</summary>
    internal long Sent { get; private set; }

    /// <exception cref="ConnectionException">With <see cref="Reason.Full"/> or <see cref="Reason.TimedOut"/> where there was no room, or what else went wrong.</exception>
    internal async ValueTask SendAsync(ReadOnlyMemory<byte> message, CancellationToken cancellationToken)
    {
        if (_isConfirmed)
        {
            if (_underWay.Count == MostUnderWay)
                await FinishOneAsync();
            _underWay.Enqueue((channel.SendAsync(message.ToArray(), header, cancellationToken).AsTask(), message.Length));
            return;
        }

        if (noWait)
        {
            if (!channel.TrySend(message.Span, header))
                throw new ConnectionException(Step.Send, Reason.Full, target, "it is full");
        }
        else if (timeout == Timeout.InfiniteTimeSpan)
        {
            await channel.SendAsync(message, header, cancellationToken);
        }
        else
        {
            await SendInTimeAsync(message, cancellationToken);
        }

        Count(message.Length);
    }

    /// <summary>Waits until the target has confirmed every message.</summary>
    /// <exception cref="ConnectionException">It has not, in time; or what else went wrong.</exception>
    internal async ValueTask FinishAsync()
    {
        while (_underWay.Count > 0)
            await FinishOneAsync();
    }

    /// <summary>Waits, after a failure, until it is known of each message what became of it: those that were confirmed count.</summary>
    internal async ValueTask SettleAsync()
    {
        while (_underWay.TryDequeue(out (Task Sent, int Length) next))
        {
            await next.Sent.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (next.Sent.IsCompletedSuccessfully)
                Count(next.Length);
        }
    }

    /// <summary>Says how many were sent, where that is not plain from what else is said.</summary>
    internal void Report()
        => StandardError.WriteLine($"{ParleyEndPoint.Format(target)}: {Units.Count(Sent, "message")} sent, {Units.Count(_bytes, "byte")}");

    private async ValueTask FinishOneAsync()
    {
        (Task sent, int length) = _underWay.Dequeue();
        await sent;
        Count(length);
    }

    private void Count(int length)
    {
        Sent++;
        _bytes += length;
    }

    private async ValueTask SendInTimeAsync(ReadOnlyMemory<byte> message, CancellationToken cancellationToken)
    {
        if (channel.TrySend(message.Span, header))
            return;
        using var due = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        due.CancelAfter(timeout);
        try
        {
            await channel.SendAsync(message, header, due.Token);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw new ConnectionException(Step.Send, Reason.TimedOut, target, $"there was no room for {timeout.TotalSeconds:0.###} s");
        }
    }
}
