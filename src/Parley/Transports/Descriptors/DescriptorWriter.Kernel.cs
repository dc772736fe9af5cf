using System.Diagnostics;
using System.Runtime.CompilerServices;
using Microsoft.Win32.SafeHandles;
using Parley.Interop.Linux;

namespace Parley.Transports.Descriptors;

/// <summary>Writes of what never enters this process: pipes and files, moved by the kernel.</summary>
internal sealed partial class DescriptorWriter
{
    // What says more than small talk does.
    private const int BulkWrite = 16 * 1024;

    private long _movesStalledSince;

    /// <summary>Moves all there is in a pipe, after what is unflushed.</summary>
    /// <returns><see langword="false"/> where the kernel does not do it: the rest is still in the pipe, as when the transfer is stopped.</returns>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    internal async ValueTask<bool> SpliceAsync(SplicePipe pipe, Transfer transfer, CancellationToken cancellationToken)
    {
        if (UnflushedBytes > 0)
            await FlushAsync(cancellationToken).ConfigureAwait(false);
        ThrowIfMisused();
        Enter();
        try
        {
            connection.PrepareMoves();
            long stalledSince = 0;
            while (pipe.Count > 0 && !transfer.IsStopped)
            {
                long started = connection.Timestamp();
                int count = MustYield ? 0 : TrySplice(pipe, started);
                if (count < 0)
                    return false;
                if (count > 0)
                {
                    stalledSince = 0;
                    continue;
                }

                stalledSince = stalledSince != 0 ? stalledSince : Stopwatch.GetTimestamp();
                if (await AwaitRoomAsync(stalledSince, Deadline.Never, pipe.Count, cancellationToken).ConfigureAwait(false) == WaitResult.Interrupted)
                    TakeInterruption();
            }

            return true;
        }
        finally
        {
            Leave();
        }
    }

    private int TrySplice(SplicePipe pipe, long started)
    {
        connection.WriteDescriptor.WritableIfAwaited?.Forget();
        nint count;
        try
        {
            count = connection.TransmitFrom(pipe);
        }
        catch (ObjectDisposedException)
        {
            throw connection.OverFailure(Step.Write);
        }

        if (count == -Errno.EAGAIN)
            return 0;
        if (count > 0)
            pipe.Count -= (int)count;
        return MovedInKernel("splice", count, started, pipe.Count);
    }

    /// <summary>The descriptor that bytes are moved to.</summary>
    internal DescriptorHandle Handle => connection.WriteDescriptor.Handle;

    /// <summary>Sends what is unflushed, and takes the right to write until <see cref="EndMoves"/>.</summary>
    internal async ValueTask BeginMovesAsync(CancellationToken cancellationToken)
    {
        if (UnflushedBytes > 0)
            await FlushAsync(cancellationToken).ConfigureAwait(false);
        ThrowIfMisused();
        connection.PrepareMoves();
        Enter();
        _movesStalledSince = 0;
    }

    internal void EndMoves() => Leave();

    /// <summary>So much was moved here, and nothing is under way: the peer may have its turn.</summary>
    internal void NoteHandedOver(int bytes) => connection.WriteDescriptor.Loop.NoteHandedOver(bytes);

    internal void Forget() => connection.WriteDescriptor.WritableIfAwaited?.Forget();

    /// <summary>Whether an error of a call that reads and writes is met where it writes: a pipe has one of its own, a socket all but those of pipes.</summary>
    internal bool IsOwnError(int error) => error == Errno.EPIPE || !connection.WritesToPipe;

    internal ConnectionException MoveFailure(int error)
        => Handle.IsClosed && connection.OverFailure(Step.Write) is ConnectionException over ? over : connection.Fail(Step.Write, error);

    internal void NoteMoved(string call, int count, long started)
    {
        _movesStalledSince = 0;
        if (connection.Observed)
            connection.Observe(call, connection.WriteDescriptor, started, count, PipeSize.Largest);
        AccountSent(count);
    }

    /// <summary>Waits until more can be moved here; returns early when it is interrupted.</summary>
    internal async ValueTask WaitForRoomAsync(CancellationToken cancellationToken)
    {
        _movesStalledSince = _movesStalledSince != 0 ? _movesStalledSince : Stopwatch.GetTimestamp();
        if (await AwaitRoomAsync(_movesStalledSince, Deadline.Never, rest: 0, cancellationToken).ConfigureAwait(false) == WaitResult.Interrupted)
            TakeInterruption();
    }

    /// <summary>Moves a part of a file, after what is unflushed.</summary>
    /// <returns>Bytes moved, 0 at the file's end, -EINVAL where the kernel does not do it.</returns>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    internal async ValueTask<int> SendFileAsync(SafeFileHandle file, long offset, long most, CancellationToken cancellationToken)
    {
        if (UnflushedBytes > 0)
            await FlushAsync(cancellationToken).ConfigureAwait(false);
        ThrowIfMisused();
        Enter();
        try
        {
            connection.PrepareMoves();
            long stalledSince = Stopwatch.GetTimestamp();
            while (true)
            {
                int count = MustYield ? -Errno.EAGAIN : TrySendFile(file, offset, most);
                if (count != -Errno.EAGAIN)
                    return count;
                if (await AwaitRoomAsync(stalledSince, Deadline.Never, rest: 0, cancellationToken).ConfigureAwait(false) == WaitResult.Interrupted)
                    TakeInterruption();
            }
        }
        finally
        {
            Leave();
        }
    }

    private int TrySendFile(SafeFileHandle file, long offset, long most)
    {
        long started = connection.Timestamp();
        connection.WriteDescriptor.WritableIfAwaited?.Forget();
        try
        {
            nint count = connection.TransmitFrom(file, offset, most);
            return count is 0 or -Errno.EAGAIN ? (int)count : MovedInKernel("sendfile", count, started, most);
        }
        catch (ObjectDisposedException)
        {
            throw connection.OverFailure(Step.Write);
        }
    }

    private int MovedInKernel(string call, nint count, long started, long asked)
    {
        if (count == -Errno.EINVAL)
            return (int)count;
        if (connection.Observed)
            connection.Observe(call, connection.WriteDescriptor, started, count, (nint)asked);
        if (count < 0)
            throw connection.Fail(Step.Write, (int)-count);
        AccountSent((int)count);
        if (count >= BulkWrite)
            connection.WriteDescriptor.Loop.NoteBulk();
        return (int)count;
    }
}
