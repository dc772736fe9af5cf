using System.Diagnostics;
using Parley.Interop.Linux;
using Parley.Transports.Descriptors;

namespace Parley.Transports.Datagrams;

internal sealed partial class DatagramChannel
{
    // Shared by all threads that block: what one of them loses by it is one look.
    private BriefPoll _looks;

    private readonly BlockedThreads _blocked = new(isOftenInterrupted: true);

    public override void Send(ReadOnlySpan<byte> message, MessageHeader header, TimeSpan timeout)
    {
        var peer = PeerOf(header);
        long started = Now();
        long due = Clock.FromNow(timeout);
        while (Send(message, peer, started) is var error and not 0)
        {
            // Memory comes back without the kernel saying so: then the channel is asked for nothing but its end.
            bool lacksMemory = error != Errno.EAGAIN;
            Sleep(lacksMemory ? (short)0 : Libc.POLLOUT, due, lacksMemory ? (int)MemoryPause.TotalMilliseconds : int.MaxValue, Step.Send);
        }
    }

    public override ReceivedMessage Receive(Span<byte> buffer, TimeSpan timeout)
    {
        long started = Now();
        long due = Clock.FromNow(timeout);
        while (true)
        {
            if (TryReceive(buffer, started, out ReceivedMessage received) || (Looks() && TryLook(buffer, started, out received)))
                return received;
            SleepUntilMessage(due);
        }
    }

    private bool Looks() => options.SpinTime > TimeSpan.Zero && _looks.IsDue();

    private bool TryLook(Span<byte> buffer, long started, out ReceivedMessage received)
    {
        long end = Stopwatch.GetTimestamp() + _looks.Within((long)(options.SpinTime.TotalSeconds * Stopwatch.Frequency));
        do
        {
            if (TryReceive(buffer, started, out received))
            {
                _looks.Found();
                return true;
            }
        }
        while (Stopwatch.GetTimestamp() < end);
        _looks.FoundNothing();
        return false;
    }

    // Somebody else may receive more from the kernel than there is room for: then there is a message though the kernel has none.
    private void SleepUntilMessage(long due)
    {
        if (!InterruptSignal.IsThere)
        {
            Sleep(Libc.POLLIN, due, int.MaxValue, Step.Receive);
            return;
        }

        BlockedThread place = _blocked.Enter(InterruptSignal.CurrentThread);
        try
        {
            if (!HasKept)
                Sleep(Libc.POLLIN, due, int.MaxValue, Step.Receive);
        }
        finally
        {
            place.Leave();
        }
    }

    private void Sleep(short events, long due, int longest, Step step)
    {
        ThrowIfDisposed(step);
        if (Clock.IsOver(due))
            throw new ConnectionException(step, Reason.TimedOut, WhereFor, "the time is over");
        int milliseconds = longest == int.MaxValue ? -1 : longest;
        if (due != Deadline.Never)
        {
            double left = Math.Ceiling(Stopwatch.GetElapsedTime(Stopwatch.GetTimestamp(), due).TotalMilliseconds);
            milliseconds = (int)Math.Clamp(left, 1, longest);
        }

        Poll(events, milliseconds, step);
    }
}
