using System.Diagnostics;

namespace Parley;

/// <summary>The waits of one blocking call: looks again and again for a while, then sleeps until the channel is ready or the time is over.</summary>
internal struct BlockingWaits(MessageChannel channel, TimeSpan timeout)
{
    // A timer takes no more than 49 days; the caller's loop waits on.
    private static readonly TimeSpan LongestWait = TimeSpan.FromDays(1);

    private readonly long _started = Stopwatch.GetTimestamp();
    private long _lookEnd;
    private bool _hasBegun;
    private bool _isLooking;

    internal void ForRoom()
    {
        if (!IsLooking(ref channel.RoomLook))
            Block(channel.WaitToSendAsync, Step.Send);
    }

    /// <returns>Whether the wait has brought it.</returns>
    internal bool ForMessage(Span<byte> buffer, out ReceivedMessage received)
    {
        received = default;
        if (IsLooking(ref channel.MessageLook))
            return false;
        if (timeout == Timeout.InfiniteTimeSpan && channel.TryReceiveBlocked(buffer, out received))
            return true;
        if (!TryBlockForMessage())
            Block(channel.WaitToReceiveAsync, Step.Receive);
        return false;
    }

    /// <summary>The wait is over: looking pays if that is what ended it.</summary>
    internal readonly void End(ref BriefPoll look)
    {
        if (_isLooking)
            look.Found();
    }

    private bool IsLooking(ref BriefPoll look)
    {
        if (!_hasBegun)
        {
            _hasBegun = true;
            _isLooking = channel.SpinTime > TimeSpan.Zero && look.IsDue();
            _lookEnd = _started + look.Within((long)(channel.SpinTime.TotalSeconds * Stopwatch.Frequency));
        }

        if (!_isLooking)
            return false;
        if (Stopwatch.GetTimestamp() < _lookEnd)
        {
            Thread.SpinWait(1);
            return true;
        }

        _isLooking = false;
        look.FoundNothing();
        return false;
    }

    private readonly bool TryBlockForMessage()
    {
        if (timeout == Timeout.InfiniteTimeSpan)
            return channel.TryBlockUntilMessage(timeout);
        TimeSpan left = timeout - Stopwatch.GetElapsedTime(_started);
        return left > TimeSpan.Zero && channel.TryBlockUntilMessage(left);
    }

    private readonly void Block(Func<CancellationToken, ValueTask> wait, Step step)
    {
        if (timeout == Timeout.InfiniteTimeSpan)
        {
            wait(CancellationToken.None).AsTask().GetAwaiter().GetResult();
            return;
        }

        TimeSpan left = timeout - Stopwatch.GetElapsedTime(_started);
        using var over = new CancellationTokenSource(left > LongestWait ? LongestWait : left > TimeSpan.Zero ? left : TimeSpan.Zero);
        try
        {
            wait(over.Token).AsTask().GetAwaiter().GetResult();
        }
        catch (OperationCanceledException) when (over.IsCancellationRequested)
        {
            if (left > LongestWait)
                return;
            throw new ConnectionException(step, Reason.TimedOut, channel.RemoteEndPoint ?? channel.LocalEndPoint, "the time is over");
        }
    }
}
