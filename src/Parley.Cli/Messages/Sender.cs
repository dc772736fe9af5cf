using System.Net;
using Parley.Cli.Output;

namespace Parley.Cli.Messages;

/// <summary>Sends messages to one channel, and counts them.</summary>
internal sealed class Sender(MessageChannel channel, EndPoint target, MessageHeader header, TimeSpan timeout, bool noWait)
{
    private long _bytes;

    /// <summary>How many were sent.</summary>
    internal long Sent { get; private set; }

    /// <exception cref="ConnectionException">With <see cref="Reason.Full"/> or <see cref="Reason.TimedOut"/> where there was no room, or what else went wrong.</exception>
    internal async ValueTask SendAsync(ReadOnlyMemory<byte> message, CancellationToken cancellationToken)
    {
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

        Sent++;
        _bytes += message.Length;
    }

    /// <summary>Says how many were sent, where that is not plain from what else is said.</summary>
    internal void Report()
        => StandardError.WriteLine($"{ParleyEndPoint.Format(target)}: {Sent} {(Sent == 1 ? "message" : "messages")} sent, {_bytes} bytes");

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
