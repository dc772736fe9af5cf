using System.Diagnostics;

namespace Parley;

/// <content>
/// A thread that does not look first blocks in the read itself. Where only a wait can block (<see cref="Connection.CanReadBlocked"/>), a thread whose last
/// wait was a sleep goes to sleep at once the next time: in a conversation the answer is never there already, and to read in vain before each
/// sleep is a system call for nothing.
/// </content>
internal sealed partial class FramedChannel
{
    // A wait that was over sooner found something there.
    private static readonly long ShortestSleep = Stopwatch.Frequency * 2 / 1_000_000;

    // Shared by all threads: what they disturb is one system call.
    private bool _sleepsFirst;

    public override ReceivedMessage Receive(Span<byte> buffer, TimeSpan timeout)
    {
        if (timeout == Timeout.InfiniteTimeSpan && SpinTime == TimeSpan.Zero)
        {
            if (TryReceiveBlocked(buffer, out ReceivedMessage received))
                return received;
            if (_sleepsFirst)
                SleepFirst();
        }

        return base.Receive(buffer, timeout);
    }

    internal override bool TryReceiveBlocked(Span<byte> buffer, out ReceivedMessage received) => _reader.TryReceiveBlocked(buffer, out received);

    internal override bool TryBlockUntilMessage(TimeSpan timeout) => _sleepsFirst = _reader.TryBlock(timeout);

    private void SleepFirst()
    {
        long began = Stopwatch.GetTimestamp();
        _sleepsFirst = _reader.TryBlock(Timeout.InfiniteTimeSpan) && Stopwatch.GetTimestamp() - began >= ShortestSleep;
    }
}
