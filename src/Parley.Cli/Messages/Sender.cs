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
    private int _lastLength;
    private bool _isLastCut;

    /// <summary>How many were sent.</summary>
    internal long Sent { get; private set; }

    /// <summary>How many were to be sent, so far.</summary>
    internal long Begun { get; private set; }

    /// <summary>What of the input was read and made no message, in words.</summary>
    internal string? Rest { get; set; }

    /// <exception cref="ConnectionException">With <see cref="Reason.Full"/> or <see cref="Reason.TimedOut"/> where there was no room, or what else went wrong.</exception>
    internal async ValueTask SendAsync(ReadOnlyMemory<byte> message, CancellationToken cancellationToken)
    {
        Begun++;
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

    /// <summary>The last one was taken for sent while a stream had room for the first part of it, and there was none for the rest.</summary>
    internal void TakeBackLast()
    {
        Sent--;
        _bytes -= _lastLength;
        _isLastCut = true;
    }

    /// <summary>Says how many were sent, where that is not plain from what else is said.</summary>
    internal void Report() => Report("");

    /// <summary>Says how many were sent before it was over too soon, and how many were not.</summary>
    /// <param name="given">How many there are; <see langword="null"/> where nobody knows, for not all were read.</param>
    /// <param name="isUnknown">Whether what was sent may not have arrived: its arrival was waited for in vain, or the peer has gone.</param>
    internal void ReportEarlyEnd(long? given, bool isUnknown)
    {
        isUnknown &= !_isConfirmed && Sent > 0;
        long missing = (given ?? Begun) - Sent;
        if (missing == 0)
        {
            string rest = Rest is null ? "" : "; not sent: " + Rest;
            Report(rest + (isUnknown ? $"; whether {(Rest is null ? "all of them arrive" : "the messages arrive")} is not known" : ""));
            return;
        }

        string cut = !_isLastCut ? "" : missing == 1 ? ", cut off" : ", the first of them cut off";
        Report($"; not {(_isConfirmed ? "confirmed" : "sent")}: {Units.Count(missing, "message")}{cut}{(given is null ? ", and what follows" : "")}{(isUnknown ? "; whether the others arrive is not known" : "")}");
    }

    private void Report(string rest)
        => StandardError.WriteLine($"{ParleyEndPoint.Format(target)}: {Units.Count(Sent, "message")} sent, {Units.Count(_bytes, "byte")}{rest}");

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
        _lastLength = length;
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
