using Microsoft.Extensions.Logging;
using Parley.Interop.Linux;
using Parley.Transports.Descriptors;

namespace Parley.Transports.Processes;

internal sealed partial class ProcessConnection
{
    private static readonly TimeSpan LongestGrace = TimeSpan.FromSeconds(2.5);

    // SIGKILL ends everything but what hangs in the kernel, which nobody can wait for.
    private static readonly TimeSpan AfterKill = TimeSpan.FromSeconds(1);

    private volatile bool _isClosedAwaited;

    /// <summary>What a child is given between SIGTERM and SIGKILL.</summary>
    private TimeSpan Grace
    {
        get
        {
            TimeSpan quarter = Options.CloseTimeout / 4;
            return Options.CloseTimeout == Timeout.InfiniteTimeSpan || quarter > LongestGrace ? LongestGrace : quarter;
        }
    }

    // The signals come within the close timeout, not behind it.
    private protected override long CloseDue
    {
        get
        {
            TimeSpan close = Options.CloseTimeout;
            return _closingDue = Clock.FromNow(close == Timeout.InfiniteTimeSpan ? close : close - Grace);
        }
    }

    // As in a shell pipeline whose reader has enough.
    private protected override bool ClosesUnread()
    {
        CloseObserved(ReadDescriptor);
        return true;
    }

    // Who aborts does not always dispose.
    private protected override void ReleaseRest()
    {
        if (Failure is not null)
            Interlocked.Exchange(ref _unread, null)?.Dispose();
    }

    /// <summary>A pipe has no reset: the child is asked to end, and killed if it does not.</summary>
    private protected override void PrepareReset() => _child.Terminate(Grace);

    private protected override async ValueTask AwaitPeerAsync()
    {
        ReadDescriptor.Loop.Disarm(_end);
        bool isAborted = Failure is not null;
        ILogger? logger = isAborted ? null : Options.LoggerFactory?.CreateLogger("Parley.Connection");
        if (!isAborted && !await _child.WaitForExitAsync(_closingDue).ConfigureAwait(false))
        {
            if (logger is not null)
                ConnectionLog.ChildTerminated(logger, _child.Name, (Options.CloseTimeout - Grace).TotalSeconds);
            _child.Terminate(Grace);
        }

        // Its own timer kills it: whether that was so is not for a second one to say.
        await _child.WaitForExitAsync(Clock.FromNow(Grace + AfterKill)).ConfigureAwait(false);
        if (_child.WasKilled && logger is not null)
            ConnectionLog.ChildKilled(logger, _child.Name, Grace.TotalSeconds);

        // One that was broken off loses what it has not read: that is no news.
        if (_child.HasExited && !isAborted)
            Volatile.Write(ref _lost, Interlocked.Exchange(ref _unread, null)?.Release() ?? 0);
        Interlocked.Exchange(ref _unread, null)?.Dispose();
        if (_lost > 0)
            throw Undelivered(Errno.EPIPE);
    }

    // A child that has closed its standard input may go on talking: its exit is the end, not the break of one pipe.
    private protected override void WatchForHangUp()
    {
        _isClosedAwaited = true;
        Interlocked.MemoryBarrier();
        if (_child.HasExited)
            CancelClosed();
    }
}
