using Parley.Interop.Linux;
using Parley.Transports.Descriptors;

namespace Parley.Transports.Fifo;

/// <summary>
/// Knows when those who read the last conversation have gone. Opened to write before that, the FIFO would give them what is meant for the
/// next one instead of their end; and opened to write for a moment when they have, it would give the next one an end instead of its words.
/// </summary>
internal sealed class FifoReaders : IDisposable
{
    // Only the close of one who could write may go unheard: a look is rarely needed.
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan LongestPatience = TimeSpan.FromSeconds(3);

    private readonly FifoEndPoint _endPoint;
    private readonly string _path;
    private readonly TimeSpan _patience;
    private readonly FifoWatch _watch;
    private DescriptorHandle _file;
    private FifoSigns _heard;
    private bool _isInDoubt;
    private DescriptorHandle? _opened;

    private FifoReaders(FifoEndPoint endPoint, string path, DescriptorHandle file, FifoWatch watch, TimeSpan patience)
    {
        _endPoint = endPoint;
        _path = path;
        _file = file;
        _watch = watch;
        _patience = patience == Timeout.InfiniteTimeSpan || patience > LongestPatience ? LongestPatience : patience;
    }

    /// <exception cref="ConnectionException">There is no such FIFO, or it may not be written, or not be watched.</exception>
    internal static FifoReaders Watch(FifoEndPoint endPoint, string path, ListenerOptions options)
    {
        DescriptorHandle file = FifoFile.Pin(path, endPoint);
        try
        {
            OwnerCheck.Run(file, options, endPoint);
            if (FifoFile.MayWrite(file) is int refused and not 0)
                throw ConnectionException.FromErrno(Step.Open, refused, endPoint);
            FifoWatch watch = FifoWatch.TryOpen(file, options.RunContinuationsInline, out int error) ?? throw (error == Errno.EACCES
                ? new ConnectionException(Step.Open, Reason.Denied, endPoint, "serving reader after reader needs permission to read the FIFO too, to see when one has gone", error)
                : ConnectionException.FromErrno(Step.Open, error, endPoint));
            return new FifoReaders(endPoint, path, file, watch, options.CloseTimeout);
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <summary>Whether somebody still reads what the last conversation wrote, or may.</summary>
    internal bool AreThere { get; private set; }

    /// <summary>Begins with a new conversation. The FIFO that it opened may be another than that of the last one.</summary>
    /// <exception cref="ConnectionException">It cannot be watched.</exception>
    internal void Meet(FifoConnection connection)
    {
        DescriptorHandle open = connection.WriteDescriptor.Handle;
        if (!FifoFile.AreSame(_file, open))
        {
            DescriptorHandle file = FifoFile.PinAgain(open, _endPoint);
            if (_watch.MoveTo(file) is int error and not 0)
            {
                file.Dispose();
                throw ConnectionException.FromErrno(Step.Open, error, _endPoint);
            }

            _file.Dispose();
            _file = file;
        }

        AreThere = true;
        connection.Readers = this;
    }

    /// <summary>The end that is written is about to be closed. Who came and went up to now was another, or has shared the conversation.</summary>
    internal void NoteEnding(FifoConnection connection)
    {
        FifoSigns before = _watch.Take();
        AreThere = !connection.IsAbandoned || IsInherited(connection);
        _watch.Take(ref before);

        // A close is heard a moment before the pipe knows of it.
        _isInDoubt = before.Closes > 0;
    }

    /// <summary>It is closed. That is heard too, so it is taken at once: with another close like it right after, it would be heard as one.</summary>
    internal void NoteEnd()
    {
        _heard = default;
        _heard.Expect(ownOpens: 0, ownCloses: 1);
        _watch.Take(ref _heard);
    }

    /// <summary>
    /// Waits until they have gone. When others have come and gone meanwhile, nothing tells which of them are left: then not for long, for the
    /// one who is left may be the next one.
    /// </summary>
    internal async ValueTask AwaitEndAsync(CancellationToken cancellationToken)
    {
        long patientUntil = Deadline.Never;
        TimeSpan pause = FirstPause;
        bool looks = _isInDoubt;
        while (AreThere)
        {
            _watch.Take(ref _heard);
            if (_heard.Closes > 0 && patientUntil == Deadline.Never)
                patientUntil = Clock.FromNow(_patience);
            if (_heard.HasLostOne || Clock.IsOver(patientUntil) || !FifoFile.IsAt(_path, _file))
                break;

            // A close by somebody who could write, right after this process's own, was heard as one with it. While nobody else has come, a
            // look harms nobody.
            if (looks && _heard.Closes == 0 && _heard.Opens == 0 && IsUnread())
                break;
            long next = Math.Min(patientUntil, Clock.FromNow(pause));
            if (await _watch.WaitAsync(next, cancellationToken).ConfigureAwait(false) is WaitResult.Canceled or WaitResult.Closed)
                throw new OperationCanceledException(cancellationToken);
            looks = Clock.IsOver(next);
            pause = pause * 2 < LongestPause ? pause * 2 : LongestPause;
        }

        AreThere = false;
    }

    /// <summary>What a look has opened to write, where it met the next reader: the end that this one waits for. The caller closes it.</summary>
    internal DescriptorHandle? TakeOpened() => Interlocked.Exchange(ref _opened, null);

    public void Dispose()
    {
        _watch.Dispose();
        _file.Dispose();
        TakeOpened()?.Dispose();
    }

    /// <summary>
    /// Whether somebody who came after the last reader has gone gets what that one has left. A conversation may have begun with a reader that
    /// was about to go, for its close is heard before it is done; what was meant for it is not for the next, who has words of its own to get.
    /// </summary>
    private bool IsInherited(FifoConnection connection)
    {
        long left = FifoFile.Waiting(connection.WriteDescriptor.Handle);
        if (!connection.IsAbandoned)
            return true;
        if (left == 0)
            return false;
        using DescriptorHandle read = FifoFile.Open(_file, Libc.O_RDONLY, out int error);
        return error != 0 || FifoFile.Drop(read) < left;
    }

    private bool IsUnread()
    {
        DescriptorHandle write = FifoFile.Open(_file, Libc.O_WRONLY, out int error);
        if (error != 0)
        {
            write.Dispose();
            return error == Errno.ENXIO;
        }

        // Whoever has gone meanwhile may have made room for the next one, whose open this one has ended: closed, it would be an end instead of words.
        _heard.Expect(ownOpens: 1, ownCloses: 0);
        _watch.Take(ref _heard);
        if (_heard.HasLostOne)
        {
            _opened = write;
            return true;
        }

        write.Dispose();
        _heard.Expect(ownOpens: 0, ownCloses: 1);
        _watch.Take(ref _heard);
        return false;
    }
}
