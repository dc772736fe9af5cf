using System.Diagnostics;
using Parley.Interop.Linux;
using Parley.Transports.Descriptors;

namespace Parley.Transports.Fifo;

/// <summary>
/// Opens FIFOs as open would, which returns when the other side has opened too, but blocks no thread: each is opened at once or not at
/// all (O_NONBLOCK), and then waited for.
/// </summary>
internal sealed class FifoOpening(FifoEndPoint endPoint, ConnectionDirection ways, ConnectionOptions options)
{
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(1);
    private static readonly TimeSpan LongestPause = TimeSpan.FromMilliseconds(50);

    internal bool Reads => ways != ConnectionDirection.SendOnly;

    internal bool Writes => ways != ConnectionDirection.ReceiveOnly;

    /// <summary>The FIFO that is written, where one is.</summary>
    internal string WritePath => endPoint.WritePath ?? endPoint.Path;

    internal bool Follows => options.FollowWriters && !Writes;

    /// <summary>Opens what is to be read and what is to be written, and waits until the other side has them open.</summary>
    /// <param name="due">Until when to wait.</param>
    /// <param name="waitsForWriter">Whether somebody must have the one that is read open to write it.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <param name="earlier">An end to read that was opened before: a writer that it has met is met, though it has gone again.</param>
    /// <param name="readers">Told before each try to open what is written, where somebody wants to know.</param>
    /// <exception cref="ConnectionException">It cannot be opened, or nobody came in time.</exception>
    internal async ValueTask<FifoConnection> OpenAsync(
        long due, bool waitsForWriter, CancellationToken cancellationToken, DescriptorHandle? earlier = null, FifoReaders? readers = null)
    {
        DescriptorHandle? read = null;
        DescriptorHandle? write = null;
        DescriptorHandle? kept = null;
        try
        {
            // Reading first, and without waiting: two sides that open a pair in opposite orders would otherwise wait for each other.
            if (Reads)
                read = OpenToRead();
            if (Writes)
                write = await OpenToWriteAsync(due, readers, cancellationToken).ConfigureAwait(false);
            if (Reads && waitsForWriter && !(earlier is not null && (FifoFile.State(earlier) & Libc.POLLHUP) != 0))
            {
                // The one that is meant is the one at the path: whoever comes opens no other.
                while (!await AwaitWriterAsync(read!, due, cancellationToken).ConfigureAwait(false))
                {
                    read!.Dispose();
                    read = OpenToRead();
                }
            }

            // While this process could write it, the last other writer's end is none.
            if (Follows)
                kept = Open(read!, Libc.O_WRONLY);
            return new FifoConnection(endPoint, ways, read, write, kept, options);
        }
        catch
        {
            read?.Dispose();
            write?.Dispose();
            kept?.Dispose();
            throw;
        }
    }

    /// <summary>Opens the FIFO that is read. This is what lets writers go on that wait for a reader.</summary>
    internal DescriptorHandle OpenToRead()
    {
        using DescriptorHandle file = FifoFile.Pin(endPoint.Path, endPoint);
        return OpenToRead(file);
    }

    /// <summary>Opens to read what is pinned, or open already.</summary>
    internal DescriptorHandle OpenToRead(DescriptorHandle file)
    {
        OwnerCheck.Run(file, options, endPoint);
        long started = Stopwatch.GetTimestamp();
        DescriptorHandle read = FifoFile.Open(file, Libc.O_RDONLY, out int error);
        Observe(endPoint.Path, Libc.O_RDONLY, started, error == 0 ? read.Number : -error);
        if (error != 0)
            throw ConnectionException.FromErrno(Step.Open, error, endPoint);
        PipeSize.Enlarge(read);
        return read;
    }

    private async ValueTask<DescriptorHandle> OpenToWriteAsync(long due, FifoReaders? readers, CancellationToken cancellationToken)
    {
        long started = Stopwatch.GetTimestamp();
        TimeSpan pause = FirstPause;
        FifoWatch? watch = null;
        try
        {
            for (int looks = 0; ; looks++)
            {
                using DescriptorHandle file = FifoFile.Pin(WritePath, endPoint);
                OwnerCheck.Run(file, options, endPoint);

                // A look of theirs is heard too, and is not what is waited for.
                readers?.NoteOpening(file);
                watch?.Take();
                DescriptorHandle write = FifoFile.Open(file, Libc.O_WRONLY, out int error);
                if (error != Errno.ENXIO || (Clock.IsOver(due) && options is not ListenerOptions))
                    Observe(WritePath, Libc.O_WRONLY, started, error == 0 ? write.Number : -error);
                if (error == 0)
                {
                    PipeSize.Enlarge(write);
                    return write;
                }

                if (error != Errno.ENXIO)
                    throw ConnectionException.FromErrno(Step.Open, error, endPoint);
                if (Clock.IsOver(due))
                    throw NobodyCame("reader");

                // Without permission to read it there is no watch. Either way one more look follows at once: a reader may have come between.
                if (looks == 0)
                {
                    watch = FifoWatch.TryOpen(file, options.RunContinuationsInline, out _);
                    continue;
                }

                // A reader whose open waits for ours is announced by nothing at all: so look from time to time.
                await PauseAsync(watch, Math.Min(due, Clock.FromNow(pause)), cancellationToken).ConfigureAwait(false);
                pause = pause * 2 < LongestPause ? pause * 2 : LongestPause;
            }
        }
        finally
        {
            watch?.Dispose();
        }
    }

    /// <summary>Waits for a writer.</summary>
    /// <returns><see langword="false"/> where another FIFO stands at the path by now.</returns>
    private async ValueTask<bool> AwaitWriterAsync(DescriptorHandle read, long due, CancellationToken cancellationToken)
    {
        using var probe = new WriterProbe(read, endPoint);
        if (probe.HasSeenWriter())
            return true;
        using FifoWatch watch = FifoWatch.TryOpen(read, options.RunContinuationsInline, out int error)
            ?? throw ConnectionException.FromErrno(Step.Open, error, endPoint);
        while (true)
        {
            watch.Take();
            if (probe.HasSeenWriter())
                return true;
            if (!FifoFile.IsAt(endPoint.Path, read))
                return IsGone() ? throw new ConnectionException(Step.Open, Reason.NotFound, endPoint, "it was removed before a writer came", Errno.ENOENT) : false;
            if (Clock.IsOver(due))
                throw NobodyCame("writer");
            await PauseAsync(watch, due, cancellationToken).ConfigureAwait(false);
        }
    }

    private bool IsGone() => FileStatus.OfPath(endPoint.Path, out _) == Errno.ENOENT;

    private static async ValueTask PauseAsync(FifoWatch? watch, long due, CancellationToken cancellationToken)
    {
        if (watch is null)
            await Task.Delay(LongestPause, cancellationToken).ConfigureAwait(false);
        else if (await watch.WaitAsync(due, cancellationToken).ConfigureAwait(false) == WaitResult.Canceled)
            throw new OperationCanceledException(cancellationToken);
    }

    private DescriptorHandle Open(DescriptorHandle file, int access)
    {
        DescriptorHandle handle = FifoFile.Open(file, access, out int error);
        return error == 0 ? handle : throw ConnectionException.FromErrno(Step.Open, error, endPoint);
    }

    private ConnectionException NobodyCame(string who) => new(
        Step.Open, Reason.TimedOut, endPoint, $"no {who} came within {options.ConnectTimeout.TotalSeconds:0.###} s", Errno.ETIMEDOUT);

    private void Observe(string path, int access, long started, long outcome)
        => options.CallObserver?.Report("open", outcome < 0 ? -1 : (int)outcome, started, outcome, new FifoEndPoint(path), access, tcp: null);
}
