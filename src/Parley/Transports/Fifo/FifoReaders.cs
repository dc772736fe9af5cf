using System.Diagnostics;
using Parley.Interop.Linux;
using Parley.Transports.Descriptors;

namespace Parley.Transports.Fifo;

/// <summary>
/// Knows when those who read the last conversation have gone. Opened to write before that, the FIFO would give them what is meant for the
/// next one instead of their end; and opened to write for a moment, to see whether they have, it would give an end instead of its words to the
/// next one, whose open waits for a writer and is announced by nothing. So it is not opened to write: their closes are waited for.
/// </summary>
/// <remarks>
/// The close of one who can only read is heard. That of one who could write as well may be heard as one with this process's own. But nothing lets
/// such a one wait: it is there before this process opens, or shares with one that was. And while it is there, it is a writer, which can be
/// seen from the other end.
/// </remarks>
internal sealed class FifoReaders : IDisposable
{
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan LongestPatience = TimeSpan.FromSeconds(3);

    private readonly FifoEndPoint _endPoint;
    private readonly string _path;
    private readonly TimeSpan _patience;
    private readonly CallObserver? _observer;
    private readonly FifoWatch _watch;
    private DescriptorHandle _file;
    private FifoSigns _heard;
    private bool _isInDoubt;

    // Who had it open before the watch was not heard, and who has opened it since a conversation may have been heard as one with others.
    private bool _isUnknown = true;

    // When the conversation began, somebody else had it open to write: to read as well, or there was a reader beside.
    private bool _couldWrite;

    private FifoReaders(FifoEndPoint endPoint, string path, DescriptorHandle file, FifoWatch watch, ListenerOptions options)
    {
        _endPoint = endPoint;
        _path = path;
        _file = file;
        _watch = watch;
        _observer = options.CallObserver;
        TimeSpan patience = options.CloseTimeout;
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
            return new FifoReaders(endPoint, path, file, watch, options);
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <summary>Whether somebody still reads what the last conversation wrote, or may.</summary>
    internal bool AreThere { get; private set; }

    /// <summary>
    /// It is about to be opened to write, if a reader is there. The FIFO that stands at the path may be another than that of the last
    /// conversation.
    /// </summary>
    /// <exception cref="ConnectionException">It cannot be watched, or this process or the system is at its limit.</exception>
    internal void NoteOpening(DescriptorHandle file)
    {
        if (!FifoFile.AreSame(_file, file))
            MoveTo(file);
        FifoSigns came = _watch.Take();
        if (!_isUnknown && !_couldWrite && came.Opens == 0)
            return;
        int opens;
        do
        {
            opens = came.Opens;
            _couldWrite = HasWriter(ref came);
            _watch.Take(ref came);
        }
        while (!_couldWrite && came.Opens > opens); // Somebody came behind the look.
        _isUnknown = false;
    }

    /// <summary>Begins with a new conversation.</summary>
    internal void Meet(FifoConnection connection)
    {
        AreThere = true;
        connection.Readers = this;
    }

    /// <summary>The end that is written is about to be closed. Who came and went up to now was another, or has shared the conversation.</summary>
    internal void NoteEnding(FifoConnection connection)
    {
        FifoSigns before = _watch.Take();
        AreThere = IsStillRead(connection, ref before);

        // A close is heard a moment before the pipe knows of it.
        if (AreThere && before.Closes > 0)
        {
            Thread.Yield();
            AreThere = IsStillRead(connection, ref before);
        }

        _isInDoubt = AreThere && before.Closes > 0;
    }

    /// <summary>It is closed. That is heard too, so it is taken at once: with another close like it right after, it would be heard as one.</summary>
    internal void NoteEnd()
    {
        _isUnknown = true;
        _heard = default;
        _heard.Expect(closes: 1);
        _watch.Take(ref _heard);
    }

    /// <summary>
    /// Waits until they have gone. When others have come and gone meanwhile, nothing tells which of them are left: then not for long, for the
    /// one who is left may be the next one.
    /// </summary>
    internal async ValueTask AwaitEndAsync(CancellationToken cancellationToken)
    {
        long patientUntil = _isInDoubt ? Clock.FromNow(_patience) : Deadline.Never;
        TimeSpan pause = FirstPause;
        bool looks = _couldWrite;
        while (AreThere)
        {
            _watch.Take(ref _heard);
            if ((_heard.Closes > 0 || (_couldWrite && _heard.Opens > 0)) && patientUntil == Deadline.Never)
                patientUntil = Clock.FromNow(_patience);
            if (_heard.HasLostOne || Clock.IsOver(patientUntil) || !FifoFile.IsAt(_path, _file))
                break;

            // The close of one who could write may have been heard as one with this process's own.
            if (looks && _heard.Closes == 0 && _heard.Opens == 0)
            {
                looks = false;
                if (!HasWriter(ref _heard))
                    break;
                continue;
            }

            long next = Math.Min(patientUntil, Clock.FromNow(pause));
            if (await _watch.WaitAsync(next, cancellationToken).ConfigureAwait(false) is WaitResult.Canceled or WaitResult.Closed)
                throw new OperationCanceledException(cancellationToken);
            looks = _couldWrite && Clock.IsOver(next);
            pause = pause * 2 < LongestPause ? pause * 2 : LongestPause;
        }

        AreThere = false;
    }

    public void Dispose()
    {
        _watch.Dispose();
        _file.Dispose();
    }

    private void MoveTo(DescriptorHandle file)
    {
        DescriptorHandle next = FifoFile.PinAgain(file, _endPoint);
        if (_watch.MoveTo(next) is int error and not 0)
        {
            next.Dispose();
            throw ConnectionException.FromErrno(Step.Open, error, _endPoint);
        }

        _file.Dispose();
        _file = next;
        _isUnknown = true;
    }

    /// <summary>
    /// Whether somebody reads, be it one who came after the last reader has gone and gets what that one has left. A conversation may have begun
    /// with a reader that was about to go, for its close is heard before it is done; what was meant for it is not for the next, who has words of
    /// its own to get.
    /// </summary>
    private bool IsStillRead(FifoConnection connection, ref FifoSigns heard)
    {
        bool isRead = true;
        long left = PipeState.Waiting(connection.WriteDescriptor.Handle);
        if (connection.IsAbandoned)
        {
            isRead = false;
            if (left > 0)
            {
                using DescriptorHandle read = FifoFile.Open(_file, Libc.O_RDONLY, out int error);
                if (error == 0)
                    heard.Expect(opens: 1, readCloses: 1);
                isRead = error != 0 || FifoFile.Drop(read) < left;
            }
        }

        _watch.Take(ref heard);
        return isRead;
    }

    /// <summary>Whether somebody could write to it at this moment, apart from this process. Those who wait for a writer notice nothing of the look.</summary>
    /// <exception cref="ConnectionException">This process or the system is at its limit.</exception>
    private bool HasWriter(ref FifoSigns heard)
    {
        long started = Stopwatch.GetTimestamp();
        using DescriptorHandle read = FifoFile.Open(_file, Libc.O_RDONLY, out int error);
        _observer?.Report(
            "open", error == 0 ? read.Number : -1, started, error == 0 ? read.Number : -error, new FifoEndPoint(_path), Libc.O_RDONLY, tcp: null);

        // Who cannot look waits for what is heard.
        if (error != 0)
            return true;
        heard.Expect(opens: 1, readCloses: 1);

        // Its own open is taken at once: with another one behind the look, it would be heard as one.
        _watch.Take(ref heard);
        using var probe = new WriterProbe(read, _endPoint);
        return probe.HasSeenWriter();
    }
}
