using System.Diagnostics;
using System.IO.Pipelines;
using Parley.Interop.Linux;

namespace Parley.Transports.Descriptors;

/// <summary>
/// A connection over one non-blocking descriptor for both directions, or one for each. Bytes go from the caller's hand into the
/// system call and back: there is no pipe, task or thread in between.
/// </summary>
internal abstract partial class DescriptorConnection : Connection
{
    private readonly DescriptorReader _reader;
    private readonly DescriptorWriter _writer;
    private readonly long _started = Stopwatch.GetTimestamp();
    private long _lastActivity;
    private Exception? _failure;
    private int _break;

    private protected DescriptorConnection(Descriptor read, Descriptor write, ConnectionOptions options)
    {
        ReadDescriptor = read;
        WriteDescriptor = write;
        Options = options;
        _lastActivity = _started;
        _reader = new DescriptorReader(this);
        _writer = new DescriptorWriter(this);
    }

    public sealed override PipeReader Input => _reader;

    public sealed override PipeWriter Output => _writer;

    public sealed override ConnectionStatistics Statistics
        => new(_reader.Total, _writer.Total, _endedAt == 0 ? Stopwatch.GetElapsedTime(_started) : Stopwatch.GetElapsedTime(_started, _endedAt), _endedByPeer);

    internal ConnectionOptions Options { get; }

    internal Descriptor ReadDescriptor { get; }

    internal Descriptor WriteDescriptor { get; }

    /// <summary>Whether nothing can be written: the channel goes one way, to this side.</summary>
    internal bool ReceivesOnly { get; private protected init; }

    /// <summary>Why nothing goes any more; <see langword="null"/> while it does.</summary>
    internal Exception? Failure => Volatile.Read(ref _failure);

    /// <summary>Told by <see cref="Connection.DisposeAsync"/> and <see cref="Connection.Abort"/> when the descriptors are closed.</summary>
    internal Action? Ended { get; set; }

    /// <summary>Reads what is there.</summary>
    /// <returns>Bytes read, 0 at the end, or the negative error number.</returns>
    internal virtual unsafe nint Receive(Span<byte> buffer)
    {
        fixed (byte* pointer = buffer)
        {
            while (true)
            {
                nint count = Libc.Read(ReadDescriptor.Handle, pointer, (nuint)buffer.Length);
                if (count >= 0)
                    return count;
                int error = Errno.Last;
                if (error != Errno.EINTR)
                    return -error;
            }
        }
    }

    /// <summary>Writes what goes.</summary>
    /// <param name="bytes">The bytes.</param>
    /// <param name="moreFollows">Whether the system may hold a short rest back for what follows at once.</param>
    /// <returns>Bytes taken, or the negative error number.</returns>
    internal virtual unsafe nint Transmit(ReadOnlySpan<byte> bytes, bool moreFollows)
    {
        fixed (byte* pointer = bytes)
        {
            while (true)
            {
                nint count = Libc.Write(WriteDescriptor.Handle, pointer, (nuint)bytes.Length);
                if (count >= 0)
                    return count;
                int error = Errno.Last;
                if (error != Errno.EINTR)
                    return -error;
            }
        }
    }

    /// <summary>Whether a read that returns less than was asked for has taken all there was.</summary>
    internal virtual bool ShortReadDrains => false;

    /// <summary>Tells the peer that nothing follows.</summary>
    /// <returns>0 or the negative error number.</returns>
    internal abstract int EndWrites();

    /// <summary>The call that <see cref="EndWrites"/> makes; <see langword="null"/> where it tells the observer itself.</summary>
    internal virtual string? EndCall => "shutdown";

    /// <summary>Bytes that the channel has taken and the peer has not; 0 where the channel cannot tell.</summary>
    internal abstract long CountUndelivered();

    /// <summary>Makes the close that follows a break, as the channel can: a reset.</summary>
    private protected abstract void PrepareReset();

    /// <summary>Whether the peer was told that nothing follows.</summary>
    internal bool HasEndedWrites => _writer.HasEnded;

    /// <summary>
    /// The error of the call that first met the peer's break, which the kernel tells only once; 0 for none. ECONNRESET means that the peer
    /// had not ended its side before; EPIPE, that it had.
    /// </summary>
    private protected int Break => Volatile.Read(ref _break);

    internal bool Observed => Options.CallObserver is not null;

    internal long Timestamp() => Options.CallObserver is null ? 0 : Stopwatch.GetTimestamp();

    /// <summary>Tells the observer of a call, if there is one. <paramref name="outcome"/> is a result or a negative error number.</summary>
    internal void Observe(string name, Descriptor descriptor, long started, nint outcome, long argument = -1)
        => Options.CallObserver?.Report(name, descriptor.Handle.Number, started, outcome, RemoteEndPoint ?? LocalEndPoint, argument, null);

    internal void NoteActivity()
    {
        if (Options.IdleTimeout != Timeout.InfiniteTimeSpan)
            Volatile.Write(ref _lastActivity, Stopwatch.GetTimestamp());
    }

    /// <summary>When the connection will have been idle for too long, if no byte moves until then.</summary>
    internal long IdleDue => Clock.After(Volatile.Read(ref _lastActivity), Options.IdleTimeout);

    internal ConnectionException IdleFailure(Step step) => new(
        step, Reason.TimedOut, RemoteEndPoint ?? LocalEndPoint,
        $"no byte moved in either direction for {Options.IdleTimeout.TotalSeconds:0.###} s", Errno.ETIMEDOUT);

    internal ConnectionException Fail(Step step, int errorNumber)
    {
        if (errorNumber is Errno.ECONNRESET or Errno.EPIPE or Errno.ETIMEDOUT)
            NotePeerEnd();
        if (_break == 0 && errorNumber is Errno.ECONNRESET or Errno.EPIPE or Errno.ETIMEDOUT)
            _break = errorNumber;
        return ConnectionException.FromErrno(step, errorNumber, RemoteEndPoint ?? LocalEndPoint, _writer.UnflushedBytes + CountUndelivered());
    }

    /// <summary>What calls that find the connection over throw.</summary>
    internal Exception OverFailure(Step step)
    {
        if (Failure is { } failure)
            return Rethrowable(failure);
        int limit = ReadDescriptor.WatchError != 0 ? ReadDescriptor.WatchError : WriteDescriptor.WatchError;
        return limit != 0 && !IsClosing
            ? new ConnectionException(step, Reason.Limit, RemoteEndPoint ?? LocalEndPoint, "the kernel cannot watch one more descriptor: " + Errno.Describe(limit), limit)
            : new ConnectionException(step, Reason.Aborted, RemoteEndPoint ?? LocalEndPoint, "this side has closed the connection");
    }

    // One exception object thrown by two callers would have its stack trace written by both.
    private static Exception Rethrowable(Exception failure) => failure is ConnectionException known
        ? new ConnectionException(known.Step, known.Reason, known.EndPoint, known.Cause, known.ErrorNumber, known) { UndeliveredBytes = known.UndeliveredBytes }
        : failure;

    public sealed override ValueTask CompleteWritesAsync(CancellationToken cancellationToken = default)
        => _writer.EndAsync(Deadline.Never, cancellationToken);
}
