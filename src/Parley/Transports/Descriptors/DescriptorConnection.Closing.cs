using System.Diagnostics;
using System.Runtime.CompilerServices;
using Parley.Interop.Linux;

namespace Parley.Transports.Descriptors;

internal abstract partial class DescriptorConnection
{
    private const int DrainBufferSize = 16 * 1024;

    private static readonly TimeSpan FirstDeliveryPause = TimeSpan.FromMilliseconds(1);
    private static readonly TimeSpan LongestDeliveryPause = TimeSpan.FromMilliseconds(50);

    private CancellationTokenSource? _closed;
    private long _endedAt;
    private bool _endedByPeer;
    private int _closing;

    /// <summary>Set by the reader once the peer's end was seen: nothing can come any more that closing would destroy.</summary>
    internal bool PeerEnded { get; set; }

    public sealed override CancellationToken Closed
    {
        get
        {
            if (_closed is null && Interlocked.CompareExchange(ref _closed, new CancellationTokenSource(), null) is null)
            {
                if (Volatile.Read(ref _endedAt) != 0)
                    _closed.Cancel();
                else
                    WatchForHangUp();
            }

            return _closed.Token;
        }
    }

    /// <summary>Whether a dispose has begun: it alone uses the descriptors from then on.</summary>
    internal bool IsClosing => Volatile.Read(ref _closing) != 0;

    internal void NotePeerEnd()
    {
        if (!_writer.HasEnded)
            _endedByPeer = true;
    }

    public sealed override void Abort(Exception? reason = null)
    {
        reason ??= new ConnectionException(Step.Close, Reason.Aborted, RemoteEndPoint ?? LocalEndPoint, "this side aborted the connection");
        if (Interlocked.CompareExchange(ref _failure, reason, null) is not null || Volatile.Read(ref _endedAt) != 0)
            return;
        try
        {
            PrepareReset();
        }
        catch (ObjectDisposedException)
        {
            // A dispose on another thread was faster: closed is what was asked for.
        }

        InterruptBlocked();
        CloseDescriptors();
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    public sealed override async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _closing, 1) != 0)
            return;
        InterruptBlocked();

        // A connection that was aborted is closed already, and its waits have thrown the reason.
        if (Failure is not null)
        {
            await AwaitPeerAsync().ConfigureAwait(false);
            return;
        }

        long due = CloseDue;
        try
        {
            if (!_writer.TryClaim())
                await ClaimBusyWriterAsync().ConfigureAwait(false);
            ReadDescriptor.TakeOver();
            if (WriteDescriptor != ReadDescriptor)
                WriteDescriptor.TakeOver();

            // The client of a short conversation ends its side within microseconds: by the time the next one comes, it has. Looking then
            // saves watching this one, and a wake-up for it alone.
            if (HasEndedWrites && !PeerEnded && !_reader.IsCompleted && !ReadDescriptor.IsWatched && ReadDescriptor.Loop.IsCurrent)
                await ReadDescriptor.Readable.WaitForNextWakeAsync().ConfigureAwait(false);
            if (!IsOver())
                await CloseGracefullyAsync(due).ConfigureAwait(false);
        }
        catch (Exception failure)
        {
            Abort(failure);
            throw;
        }
        finally
        {
            CloseDescriptors();
            await AwaitPeerAsync().ConfigureAwait(false);
        }
    }

    public sealed override async ValueTask WaitForDeliveryAsync(CancellationToken cancellationToken = default)
    {
        int error = await AwaitDeliveryAsync(Deadline.Never, cancellationToken).ConfigureAwait(false);
        if (Failure is not null)
            throw OverFailure(Step.Write);
        if (error != 0)
            throw Fail(Step.Write, error);
    }

    /// <summary>Whether both sides have ended and the peer has everything: looks, and does not wait.</summary>
    private bool IsOver()
    {
        if (!HasEndedWrites || !IsAcknowledged || Failure is not null)
            return false;
        return (PeerEnded || (!_reader.IsCompleted && ReceiveAndDrop() == 0)) && Break == 0 && CountUndelivered() == 0;
    }

    /// <summary>
    /// Waits for a write that another thread is making at this moment. One that waits for the peer cannot be finished behind that thread's
    /// back: that is a break, not an end.
    /// </summary>
    private async ValueTask ClaimBusyWriterAsync()
    {
        while (!_writer.TryClaim())
        {
            if (WriteDescriptor.WritableIfAwaited is { IsWaiting: true })
                throw new ConnectionException(Step.Close, Reason.Aborted, RemoteEndPoint ?? LocalEndPoint, "it was disposed while a write was waiting");
            await Task.Yield();
        }
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    private async ValueTask CloseGracefullyAsync(long due)
    {
        // Nothing is in flight that a reset could destroy, and none of the peer's bytes may look as if somebody had taken them.
        if (_reader.IsCompleted && !PeerEnded && _writer.Total + _writer.UnflushedBytes == 0 && LeavesPeer(_reader.HasLeftUnread))
            return;

        try
        {
            await _writer.EndClaimedAsync(due).ConfigureAwait(false);
        }
        catch (ConnectionException failure)
        {
            throw failure.UndeliveredBytes > 0 ? failure : Undelivered(failure.Reason, failure.ErrorNumber, failure.Cause, failure);
        }

        if (!ReportsDelivery || (_writer.Total == 0 && PeerEnded))
            return;
        if (!PeerEnded && _reader.IsCompleted && ClosesUnread())
            PeerEnded = true;
        int error = await DrainAsync(due).ConfigureAwait(false);
        if (error == 0)
            error = await AwaitDeliveryAsync(due, CancellationToken.None).ConfigureAwait(false);

        if (Failure is not null)
            throw OverFailure(Step.Close);

        if (error == Errno.ETIMEDOUT && OutlivesClose)
            return;

        // A reset says that the peer closed without reading all it had, whatever its system had acknowledged.
        if (error != 0 && _writer.Total > 0)
            throw Undelivered(error);
    }

    /// <summary>Reads and drops until the peer ends: closing with unread input would reset the connection and destroy what is in flight.</summary>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<int> DrainAsync(long due)
    {
        while (!PeerEnded)
        {
            ReadDescriptor.Readable.Forget();
            int outcome = ReceiveAndDrop();
            if (outcome == -Errno.EAGAIN)
            {
                WaitResult result = await ReadDescriptor.WaitReadableAsync(due, CancellationToken.None).ConfigureAwait(false);
                if (result is WaitResult.Closed)
                    return Errno.ECONNABORTED;
            }
            else if (outcome < 0)
            {
                return -outcome;
            }

            // The peer keeps its side open, or never stops talking. If it has everything, that is its own affair.
            if (!PeerEnded && Clock.IsOver(due))
                return CountUndelivered() > 0 ? Errno.ETIMEDOUT : 0;
        }

        return 0;
    }

    // A break is noted: the kernel tells of it only once.
    [SkipLocalsInit]
    private int ReceiveAndDrop()
    {
        Span<byte> scratch = stackalloc byte[DrainBufferSize];
        int outcome;
        try
        {
            outcome = (int)Receive(scratch);
        }
        catch (ObjectDisposedException)
        {
            // Aborted meanwhile from another thread.
            return -Errno.ECONNABORTED;
        }

        PeerEnded = outcome == 0;
        if (outcome < 0 && outcome != -Errno.EAGAIN)
            Fail(Step.Read, -outcome);
        return outcome;
    }

    /// <summary>The peer has ended its side; what it has not acknowledged yet may still be on its way.</summary>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<int> AwaitDeliveryAsync(long due, CancellationToken cancellationToken)
    {
        TimeSpan pause = FirstDeliveryPause;
        while (true)
        {
            WriteDescriptor.WritableIfAwaited?.Forget();
            bool isDelivered = CountUndelivered() == 0;
            if (isDelivered && IsAcknowledged)
                return 0;
            int error = Break != 0 ? Break : PendingError();
            if (error != 0 || isDelivered)
                return error;
            if (Clock.IsOver(due))
                return Errno.ETIMEDOUT;

            // The kernel tells of the end's acknowledgement, and of room where there was none, but not of every acknowledgement: look again.
            long next = Math.Min(due, Clock.FromNow(pause));
            pause = pause * 2 < LongestDeliveryPause ? pause * 2 : LongestDeliveryPause;
            WaitResult result = await WriteDescriptor.WaitWritableAsync(next, cancellationToken).ConfigureAwait(false);
            if (result is WaitResult.Canceled)
                throw new OperationCanceledException(cancellationToken);
            if (result is WaitResult.Closed)
                return ErrorOnceClosed();
        }
    }

    // A FIFO's end is closed as soon as nobody is left who reads it: that is the peer's doing, and no abort of this side's.
    private int ErrorOnceClosed()
    {
        if (Failure is not null)
            return Errno.ECONNABORTED;
        if (IsAcknowledged && CountUndelivered() == 0)
            return 0;
        int error = PendingError();
        return error != 0 ? error : Errno.ECONNABORTED;
    }

    /// <summary>Whether a peer that is still there finds what it has not taken yet after this side has closed: that is no loss.</summary>
    private protected virtual bool OutlivesClose => false;

    /// <summary>Whether the channel can tell what the peer has taken, and resets a peer whose words are left unread.</summary>
    private protected virtual bool ReportsDelivery => true;

    /// <summary>
    /// Whether nothing undelivered means that the peer has it. Otherwise it may have been thrown away with the peer, and an error says so.
    /// </summary>
    private protected virtual bool IsAcknowledged => false;

    /// <summary>An error that the channel holds for the next call; 0 for none.</summary>
    private protected virtual int PendingError() => 0;

    /// <summary>Closes a direction of its own that nobody reads any more, where the channel has one: whoever writes it is told by that.</summary>
    /// <returns>Whether there is nothing left to drain.</returns>
    private protected virtual bool ClosesUnread() => false;

    /// <summary>
    /// Prepares to close at once where nothing was said and nobody listens any more, if that tells the peer of what it has said in vain.
    /// </summary>
    /// <param name="hasUnread">Whether bytes were read from the descriptor that nobody has taken.</param>
    /// <returns>Whether closing is all that is left to do.</returns>
    private protected virtual bool LeavesPeer(bool hasUnread) => false;

    /// <summary>When a graceful close that begins now gives up.</summary>
    private protected virtual long CloseDue => Clock.FromNow(Options.CloseTimeout);

    /// <summary>Waits for a peer that is not to outlive the connection, after its descriptors are closed.</summary>
    /// <exception cref="ConnectionException">It has ended without what it was sent.</exception>
    private protected virtual ValueTask AwaitPeerAsync() => ValueTask.CompletedTask;

    private protected ConnectionException Undelivered(int errorNumber)
    {
        (Reason reason, string cause, int number) = Explain(Step.Close, errorNumber);
        return Undelivered(reason, number, cause, null);
    }

    private ConnectionException Undelivered(Reason reason, int error, string cause, Exception? inner)
    {
        long lost = _writer.UnflushedBytes + CountUndelivered();
        string words = lost > 0 ? $"{cause}; {lost} bytes were not delivered" : cause;
        return new ConnectionException(Step.Close, reason, RemoteEndPoint ?? LocalEndPoint, words, error, inner) { UndeliveredBytes = lost };
    }

    private void CloseDescriptors()
    {
        if (Interlocked.CompareExchange(ref _endedAt, Stopwatch.GetTimestamp(), 0) != 0)
            return;

        PrepareClose();
        CloseObserved(ReadDescriptor);
        if (WriteDescriptor != ReadDescriptor)
            CloseObserved(WriteDescriptor);
        ReleaseRest();
        Ended?.Invoke();
        CancelClosed();
    }

    private protected void CloseObserved(Descriptor descriptor)
    {
        TcpStatistics? tcp = Observed ? TcpStatistics() : null;
        long started = Timestamp();
        if (descriptor.Close())
            Options.CallObserver?.Report("close", descriptor.Handle.Number, started, 0, RemoteEndPoint ?? LocalEndPoint, -1, tcp);
    }

    /// <summary>The last moment to ask the descriptors something, however the conversation has ended.</summary>
    private protected virtual void PrepareClose()
    {
    }

    /// <summary>Lets go of what the connection holds besides its descriptors.</summary>
    private protected virtual void ReleaseRest()
    {
    }

    private protected virtual TcpStatistics? TcpStatistics() => null;

    /// <summary>The descriptor that says when the conversation is over.</summary>
    private protected virtual Descriptor HangUpDescriptor => WriteDescriptor;

    /// <summary>Another descriptor says it from now on.</summary>
    private protected void MoveHangUpWatch()
    {
        if (_closed is not null)
            WatchForHangUp();
    }

    private protected virtual void WatchForHangUp()
    {
        try
        {
            HangUpDescriptor.HungUp = CancelClosed;
        }
        catch (ObjectDisposedException)
        {
            CancelClosed();
        }
    }

    // Callbacks of Closed are the caller's code: they do not run on the loop.
    private protected void CancelClosed()
    {
        if (_closed is { } source)
            ThreadPool.UnsafeQueueUserWorkItem(static closed => closed.Cancel(), source, preferLocal: false);
    }
}
