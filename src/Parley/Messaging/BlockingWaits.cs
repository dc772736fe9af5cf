using System.Diagnostics;

namespace Parley;

/// <summary>The waits of one blocking call: looks again and again for a while, then sleeps until the channel is ready or the time is over.</summary>
internal struct BlockingWaits(MessageChannel channel, TimeSpan timeout)
{
    private readonly long _started = Stopwatch.GetTimestamp();

    internal void ForRoom()
    {
        if (!IsSpinning())
            Block(channel.WaitToSendAsync, Step.Send);
    }

    internal void ForMessage()
    {
        if (!IsSpinning())
            Block(channel.WaitToReceiveAsync, Step.Receive);
    }

    private readonly bool IsSpinning()
    {
        if (Stopwatch.GetElapsedTime(_started) >= channel.SpinTime)
            return false;
        Thread.SpinWait(1);
        return true;
    }

    private readonly void Block(Func<CancellationToken, ValueTask> wait, Step step)
    {
        if (timeout == Timeout.InfiniteTimeSpan)
        {
            wait(CancellationToken.None).AsTask().GetAwaiter().GetResult();
            return;
        }

        TimeSpan left = timeout - Stopwatch.GetElapsedTime(_started);
        using var over = new CancellationTokenSource(left > TimeSpan.Zero ? left : TimeSpan.Zero);
        try
        {
            wait(over.Token).AsTask().GetAwaiter().GetResult();
        }
        catch (OperationCanceledException) when (over.IsCancellationRequested)
        {
            throw new ConnectionException(step, Reason.TimedOut, channel.RemoteEndPoint ?? channel.LocalEndPoint, "the time is over");
        }
    }
}
