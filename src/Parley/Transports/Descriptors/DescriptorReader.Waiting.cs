using System.IO.Pipelines;
using System.Threading.Tasks.Sources;
using Parley.Interop.Linux;

namespace Parley.Transports.Descriptors;

/// <summary>Waits for what is read, and reads it on the loop's thread, which is there when it comes.</summary>
internal sealed partial class DescriptorReader
{
    private ValueTask<ReadResult> WaitAndReadAsync(long started, CancellationToken cancellationToken)
    {
        try
        {
            _started = started;
            do
            {
                if (TryBeginWait(cancellationToken, out short token))
                    return new(this, token);
            }
            while (!TryFill(started, LargestRead));
        }
        catch (ObjectDisposedException) when (IsClosed)
        {
            return ValueTask.FromException<ReadResult>(connection.OverFailure(Step.Read));
        }
        catch (Exception failure)
        {
            return ValueTask.FromException<ReadResult>(failure);
        }

        return new(HandOut(canceled: false));
    }

    private bool TryBeginWait(CancellationToken cancellationToken, out short token)
    {
        bool yields = MustYield;
        _turn.Restart();
        Descriptor descriptor = connection.ReadDescriptor;
        if (!descriptor.EnsureWatched() && !(yields && descriptor.WatchError == Errno.EPERM))
            throw connection.OverFailure(Step.Read);
        Readiness waited = _waited = descriptor.Readable;
        bool begun = waited.TryBegin(connection.IdleDue, this, out token, cancellationToken);
        if (!yields)
        {
            descriptor.ReportInput();
            return begun;
        }

        // On the loop's thread no edge comes meanwhile. The one that came is followed up in the next round, as it would be without one. What the
        // kernel does not report, it need not before that finds nothing.
        begun = begun || waited.TryBegin(connection.IdleDue, this, out token, cancellationToken);
        descriptor.Loop.SignalInNextRound(waited);
        return begun;
    }

    bool IWaiter.TryFinish()
    {
        try
        {
            // The copy of a large read is for the thread that reads next, where that is not the loop's.
            if (TryFill(_started, connection.Options.RunContinuationsInline ? LargestRead : SmallestBuffer))
                return true;
            connection.ReadDescriptor.ReportInput();
            return false;
        }
        catch (ObjectDisposedException) when (IsClosed)
        {
            _failure = connection.OverFailure(Step.Read);
            return true;
        }
        catch (Exception failure)
        {
            _failure = failure;
            return true;
        }
    }

    bool IWaiter.IsTooLate(out long due)
    {
        due = connection.IdleDue;
        return Clock.IsOver(due);
    }

    ValueTaskSourceStatus IValueTaskSource<ReadResult>.GetStatus(short token) => _waited!.GetStatus(token);

    void IValueTaskSource<ReadResult>.OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags)
        => _waited!.OnCompleted(continuation, state, token, flags);

    ReadResult IValueTaskSource<ReadResult>.GetResult(short token)
    {
        Readiness waited = _waited!;
        CancellationToken cancellationToken = waited.CancellationToken;
        switch (waited.GetResult(token))
        {
            case WaitResult.Ready:
                return _failure is null ? HandOut(canceled: false) : throw _failure;
            case WaitResult.Interrupted:
                waited.TakeInterruption();
                return HandOut(canceled: true);
            case WaitResult.Canceled:
                throw new OperationCanceledException(cancellationToken);
            case WaitResult.Due:
                ConnectionException idle = connection.IdleFailure(Step.Read);
                connection.Abort(idle);
                throw idle;
            default:
                throw connection.OverFailure(Step.Read);
        }
    }
}
