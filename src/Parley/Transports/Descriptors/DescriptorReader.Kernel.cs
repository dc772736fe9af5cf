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
        long started = connection.Timestamp();
        connection.ReadDescriptor.Readable.Forget();
        nint count;
        try
        {
            count = connection.ReceiveInto(pipe);
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

    /// <summary>Waits until there is something to move; returns early when it is interrupted.</summary>
    internal async ValueTask WaitAsync(CancellationToken cancellationToken)
    {
        bool yields = MustYield;
        _readsInARow = 0;
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
