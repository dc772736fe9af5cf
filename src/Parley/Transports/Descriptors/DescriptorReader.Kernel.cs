using Parley.Interop.Linux;

namespace Parley.Transports.Descriptors;

/// <summary>Reads of what never enters this process: moved by the kernel into a pipe.</summary>
internal sealed partial class DescriptorReader
{
    /// <summary>Moves what is there into an empty pipe. Nothing may be left of what was read before.</summary>
    /// <returns>Bytes moved, 0 at the end, -EAGAIN when one has to wait, -EINVAL when the kernel does not do it.</returns>
    internal int TrySplice(SplicePipe pipe)
    {
        ThrowIfMisused();
        if (connection.PeerEnded)
            return 0;
        if (MustYield)
            return -Errno.EAGAIN;
        _drained = false;
        LetGoOfEmpty();
        long started = connection.Timestamp();
        connection.ReadDescriptor.Readable.Forget();
        nint count;
        try
        {
            connection.PrepareMoves();
            count = connection.MoveTo(pipe.WriteEnd, pipe.Capacity);
        }
        catch (ObjectDisposedException)
        {
            throw connection.OverFailure(Step.Read);
        }

        if (count is -Errno.EAGAIN or -Errno.EINVAL)
            return (int)count;

        // Before anybody else's code runs: a pipe that is thought empty would be given to another conversation with these bytes in it.
        pipe.Count = (int)Math.Max(0, count);
        if (connection.Observed)
            connection.Observe("splice", connection.ReadDescriptor, started, count, pipe.Capacity);
        if (count < 0)
            Fail((int)-count);
        Account((int)count);
        return (int)count;
    }

    /// <summary>Moves what is there straight to another descriptor. Nothing may be left of what was read before.</summary>
    /// <param name="target">Where to; between its <see cref="DescriptorWriter.BeginMovesAsync"/> and its end.</param>
    /// <param name="isTargetsFailure">Whether the error is the target's, which is to be told.</param>
    /// <returns>Bytes moved, 0 at the end, -EAGAIN when one has to wait for one of the two, -EINVAL when the kernel does not do it, or the target's error.</returns>
    internal int TryMoveTo(DescriptorWriter target, out bool isTargetsFailure)
    {
        isTargetsFailure = false;
        ThrowIfMisused();
        if (connection.PeerEnded)
            return 0;
        if (MustYield)
            return -Errno.EAGAIN;
        _drained = false;
        LetGoOfEmpty();
        long started = connection.Timestamp();
        connection.ReadDescriptor.Readable.Forget();
        target.Forget();
        nint count;
        try
        {
            connection.PrepareMoves();
            count = connection.MoveTo(target.Handle, PipeSize.Largest);
        }
        catch (ObjectDisposedException)
        {
            isTargetsFailure = target.Handle.IsClosed;
            return isTargetsFailure ? -Errno.EPIPE : throw connection.OverFailure(Step.Read);
        }

        if (count is -Errno.EAGAIN or -Errno.EINVAL)
            return (int)count;
        if (connection.Observed)
            connection.Observe(connection.MoveCall, connection.ReadDescriptor, started, count, PipeSize.Largest);
        if (count < 0)
        {
            isTargetsFailure = target.IsOwnError((int)-count);
            if (!isTargetsFailure)
                Fail((int)-count);
            return (int)count;
        }

        Account((int)count);
        if (count > 0)
            target.NoteMoved(connection.MoveCall, (int)count, started);
        return (int)count;
    }

    /// <summary>Whether the other connections of the loop are to have their turn now.</summary>
    internal bool MustYieldMoves => MustYield;

    /// <summary>Whether this can be read and the target written at this moment.</summary>
    internal unsafe (bool CanRead, bool CanWrite) LookWith(DescriptorWriter target)
    {
        const short Over = Libc.POLLERR | Libc.POLLHUP;
        PollDescriptor* both = stackalloc PollDescriptor[2];
        both[0] = new PollDescriptor { Descriptor = connection.ReadDescriptor.Handle.Number, Events = Libc.POLLIN };
        both[1] = new PollDescriptor { Descriptor = target.Handle.Number, Events = Libc.POLLOUT };
        return Libc.Poll(both, 2, 0) < 0
            ? (true, true)
            : ((both[0].Returned & (Libc.POLLIN | Over)) != 0, (both[1].Returned & (Libc.POLLOUT | Over)) != 0);
    }

    /// <summary>Waits until there is something to move; returns early when it is interrupted.</summary>
    internal async ValueTask WaitAsync(CancellationToken cancellationToken)
    {
        bool yields = MustYield;
        _turn.Restart();
        Descriptor descriptor = connection.ReadDescriptor;
        switch (yields
            ? await descriptor.Readable.YieldAsync().ConfigureAwait(false)
            : await descriptor.WaitReadableAsync(connection.IdleDue, cancellationToken).ConfigureAwait(false))
        {
            case WaitResult.Interrupted:
                descriptor.Readable.TakeInterruption();
                return;
            case WaitResult.Canceled:
                throw new OperationCanceledException(cancellationToken);
            case WaitResult.Closed:
                throw connection.OverFailure(Step.Read);
            case WaitResult.Due when Clock.IsOver(connection.IdleDue):
                ConnectionException idle = connection.IdleFailure(Step.Read);
                connection.Abort(idle);
                throw idle;
        }
    }
}
