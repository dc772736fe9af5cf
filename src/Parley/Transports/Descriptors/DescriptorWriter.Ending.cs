using System.Runtime.CompilerServices;
using Parley.Interop.Linux;

namespace Parley.Transports.Descriptors;

internal sealed partial class DescriptorWriter
{
    /// <summary>
    /// Half-closes. Never blocks: bytes that the system does not take at once stay, and go out when the connection is disposed.
    /// </summary>
    public override void Complete(Exception? exception = null)
    {
        if (exception is not null)
            connection.Abort(exception);
        if (_completed || connection.Failure is not null)
            return;
        Enter();
        try
        {
            if (_start < _end)
                TrySend([], connection.Timestamp(), moreFollows: true);
            if (_start == _end)
                EndNow();
            _completed = true;
        }
        finally
        {
            Leave();
        }
    }

    public override ValueTask CompleteAsync(Exception? exception = null)
    {
        if (exception is null)
            return EndAsync(Deadline.Never, CancellationToken.None);
        Complete(exception);
        return ValueTask.CompletedTask;
    }

    /// <summary>Sends what is unflushed and tells the peer that nothing follows, in one packet where there is room.</summary>
    internal ValueTask EndAsync(long due, CancellationToken cancellationToken) => EndAsync(due, isClaimed: false, cancellationToken);

    /// <summary>Takes the writer for good, for its connection's end: later writes throw.</summary>
    /// <returns><see langword="false"/> where a write is under way.</returns>
    internal bool TryClaim() => Interlocked.CompareExchange(ref _gate, Claimed, Free) == Free;

    /// <summary>The end of a writer that was claimed.</summary>
    internal ValueTask EndClaimedAsync(long due) => EndAsync(due, isClaimed: true, CancellationToken.None);

    private ValueTask EndAsync(long due, bool isClaimed, CancellationToken cancellationToken)
    {
        if (_ended)
            return ValueTask.CompletedTask;
        try
        {
            if (connection.Failure is not null)
                throw connection.OverFailure(Step.Write);
            if (!isClaimed)
                Enter();
        }
        catch (Exception failure)
        {
            return ValueTask.FromException(failure);
        }

        bool isOver = true;
        try
        {
            if (_start < _end)
                TrySend([], connection.Timestamp(), moreFollows: true);
            isOver = _start == _end;
            if (!isOver)
                return SendEndAndLeaveAsync(due, cancellationToken);
            EndNow();
            return ValueTask.CompletedTask;
        }
        catch (ConnectionException failure)
        {
            return ValueTask.FromException(failure);
        }
        finally
        {
            if (isOver)
                Leave();
        }
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    private async ValueTask SendEndAndLeaveAsync(long due, CancellationToken cancellationToken)
    {
        try
        {
            // A flush that is cancelled from elsewhere meanwhile is not this: nothing that was written is left behind.
            while (_start < _end)
                await WaitAndSendAsync(ReadOnlyMemory<byte>.Empty, connection.Timestamp(), due, moreFollows: true, cancellationToken).ConfigureAwait(false);
            EndNow();
        }
        finally
        {
            Leave();
        }
    }

    private void EndNow()
    {
        if (_ended)
            return;
        long started = connection.Timestamp();
        int outcome;
        try
        {
            outcome = connection.EndWrites();
        }
        catch (ObjectDisposedException)
        {
            throw connection.OverFailure(Step.Write);
        }

        if (connection.Observed)
            connection.ObserveEndOfWrites(started, outcome);

        // A peer that has reset the connection already needs no telling; the next read or the close says so.
        if (outcome < 0 && outcome != -Errno.ENOTCONN)
            throw connection.Fail(Step.Write, -outcome);
        _completed = true;
        Volatile.Write(ref _ended, true);
    }
}
