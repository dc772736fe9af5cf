using System.Diagnostics;
using System.IO.Pipelines;
using System.Runtime.CompilerServices;
using Microsoft.Win32.SafeHandles;
using Parley.Interop.Linux;

namespace Parley.Transports.Descriptors;

/// <summary>
/// A connection over one non-blocking descriptor for both directions, or one for each. Bytes go from the caller's hand into the
/// system call and back: there is no pipe, task or thread in between.
/// </summary>
internal abstract partial class DescriptorConnection : Connection
{
    // A read of so much is one of a stream: the buffer has grown to it.
    internal const int LargePiece = 64 * 1024;

    // A reader as fast as the kernel would otherwise keep one call going to the file's end, and the loop from everybody else.
    private const int LargestFilePiece = 1024 * 1024;

    // Others on the loop have their turn after it.
    private const int MostWrittenAtOnce = 256 * 1024;

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
            // Who observes is told of each call: then it is one.
            return ReadsFromPipe && !Observed
                ? Libc.ReadPiecesNow(ReadDescriptor.Handle, pointer, buffer.Length, PipeSize.Piece)
                : Libc.ReadNow(ReadDescriptor.Handle, pointer, buffer.Length);
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
            return bytes.Length > PipeSize.Piece && WritesToPipe
                ? Libc.WritePiecesNow(WriteDescriptor.Handle, pointer, Math.Min(bytes.Length, MostWrittenAtOnce), PipeSize.Piece)
                : Libc.WriteNow(WriteDescriptor.Handle, pointer, bytes.Length);
        }
    }

    /// <summary>Whether both directions are better moved within the kernel, once much moves, than copied through this process.</summary>
    private protected virtual bool MovesInKernel => false;

    /// <summary>Whether what is read comes out of a pipe.</summary>
    internal virtual bool ReadsFromPipe => false;

    /// <summary>Whether what is written goes into a pipe.</summary>
    internal virtual bool WritesToPipe => false;

    /// <summary>Whether what is read comes out of a file, and so from a place in it that other programs may share.</summary>
    internal virtual bool ReadsFromFile => false;

    /// <summary>Whether what is written goes into a file.</summary>
    internal virtual bool WritesToFile => false;

    /// <summary>The call that <see cref="MoveTo"/> makes.</summary>
    internal string MoveCall => ReadsFromFile ? "sendfile" : "splice";

    /// <summary>Moves what is there to another descriptor: out of a file, or where one of the two is a pipe.</summary>
    /// <returns>Bytes moved, 0 at the end, or the negative error number; -EINVAL where a read has to do.</returns>
    internal virtual nint MoveTo(DescriptorHandle target, int most)
        => ReadsFromFile ? SendFile(ReadDescriptor.Handle, target, most) : Splice(ReadDescriptor.Handle, target, most);

    /// <summary>Moves what goes out of a pipe.</summary>
    /// <returns>Bytes moved, or the negative error number.</returns>
    internal virtual nint TransmitFrom(SplicePipe pipe) => Splice(pipe.ReadEnd, WriteDescriptor.Handle, pipe.Count);

    /// <summary>Moves what goes of a file.</summary>
    /// <returns>Bytes moved, 0 at the file's end, or the negative error number.</returns>
    internal unsafe nint TransmitFrom(SafeFileHandle file, long offset, long most)
    {
        while (true)
        {
            long position = offset;
            nint count = Libc.SendFile(WriteDescriptor.Handle, file, &position, (nuint)Math.Min(most, LargestFilePiece));
            if (count >= 0)
                return count;
            int error = Errno.Last;
            if (error != Errno.EINTR)
                return -error;
        }
    }

    private static unsafe nint SendFile(DescriptorHandle file, DescriptorHandle to, int most)
    {
        while (true)
        {
            nint count = Libc.SendFile(to, file, null, (nuint)most);
            if (count >= 0)
                return count;
            int error = Errno.Last;
            if (error != Errno.EINTR)
                return -error;
        }
    }

    private static unsafe nint Splice(DescriptorHandle from, DescriptorHandle to, int most)
    {
        while (true)
        {
            nint count = Libc.Splice(from, null, to, null, (nuint)most, Libc.SPLICE_F_MOVE | Libc.SPLICE_F_NONBLOCK);
            if (count >= 0)
                return count;
            int error = Errno.Last;
            if (error != Errno.EINTR)
                return -error;
        }
    }

    public sealed override ValueTask<long> SendFileAsync(
        SafeFileHandle file, long offset = 0, long? count = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(file);
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        ArgumentOutOfRangeException.ThrowIfNegative(count ?? 0, nameof(count));
        return SendsFiles ? SendFileInKernelAsync(file, offset, count ?? long.MaxValue, cancellationToken) : base.SendFileAsync(file, offset, count, cancellationToken);
    }

    /// <summary>Whether the kernel sends files here.</summary>
    private protected virtual bool SendsFiles => MovesInKernel;

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<long> SendFileInKernelAsync(SafeFileHandle file, long offset, long count, CancellationToken cancellationToken)
    {
        long sent = 0;
        while (sent < count)
        {
            int piece = await _writer.SendFileAsync(file, offset + sent, count - sent, cancellationToken).ConfigureAwait(false);
            if (piece == -Errno.EINVAL)
                return sent + await FileCopy.RunAsync(file, Output, offset + sent, count - sent, cancellationToken).ConfigureAwait(false);
            if (piece == 0)
                break;
            sent += piece;
        }

        return sent;
    }

    internal sealed override async ValueTask TransferAsync(Transfer transfer, CancellationToken cancellationToken)
    {
        if (transfer.Target is DescriptorConnection target && MovesDirectly(target))
        {
            await MoveDirectlyAsync(transfer, target, cancellationToken).ConfigureAwait(false);
            return;
        }

        if (!MovesInKernel || transfer.Target is not DescriptorConnection { MovesInKernel: true } and not DescriptorConnection { WritesToFile: true })
        {
            await CopyTransfer.RunAsync(transfer, int.MaxValue, cancellationToken).ConfigureAwait(false);
            return;
        }

        // Small talk is copied, in one call each way; a stream is not.
        var splice = new SpliceTransfer(transfer, _reader, ((DescriptorConnection)transfer.Target)._writer);
        bool isOver = false;
        while (!isOver)
        {
            isOver = await CopyTransfer.RunAsync(transfer, splice.IsRefused ? int.MaxValue : LargePiece, cancellationToken).ConfigureAwait(false)
                     || await splice.RunAsync(cancellationToken).ConfigureAwait(false);
        }
    }

    private bool MovesDirectly(DescriptorConnection target)
        => ((ReadsFromPipe || ReadsFromFile) && (target.WritesToPipe || target.MovesInKernel))
           || (ReadsFromPipe && target.WritesToFile)
           || (MovesInKernel && target.WritesToPipe);

    private async ValueTask MoveDirectlyAsync(Transfer transfer, DescriptorConnection target, CancellationToken cancellationToken)
    {
        var moves = new DirectTransfer(transfer, _reader, target._writer);
        bool isLarge = false;
        while (!await CopyTransfer.RunAsync(transfer, moves.IsRefused ? int.MaxValue : LargePiece, cancellationToken).ConfigureAwait(false))
        {
            if (!isLarge)
                EnlargePipes(target);
            isLarge = true;
            if (await moves.RunAsync(cancellationToken).ConfigureAwait(false))
                return;
        }
    }

    private void EnlargePipes(DescriptorConnection target)
    {
        try
        {
            if (ReadsFromPipe)
                PipeSize.Enlarge(ReadDescriptor.Handle);
            if (target.WritesToPipe)
                PipeSize.Enlarge(target.WriteDescriptor.Handle);
        }
        catch (ObjectDisposedException)
        {
            // Whoever moves next is told.
        }
    }

    /// <summary>Whether a read that returns less than was asked for has taken all there was.</summary>
    internal virtual bool ShortReadDrains => false;

    /// <summary>Tells the peer that nothing follows.</summary>
    /// <returns>0 or the negative error number.</returns>
    internal abstract int EndWrites();

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

    /// <summary>Notes a break that was met before there was a connection.</summary>
    internal void NoteBreak(int errorNumber) => Fail(Step.Read, errorNumber);

    internal bool Observed
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => Options.CallObserver is not null;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal long Timestamp() => Options.CallObserver is null ? 0 : Stopwatch.GetTimestamp();

    /// <summary>Tells the observer of a call, if there is one. <paramref name="outcome"/> is a result or a negative error number.</summary>
    internal void Observe(string name, Descriptor descriptor, long started, nint outcome, long argument = -1)
        => Options.CallObserver?.Report(name, descriptor.Handle.Number, started, outcome, RemoteEndPoint ?? LocalEndPoint, argument, null);

    /// <summary>Tells the observer of the call that <see cref="EndWrites"/> made.</summary>
    internal virtual void ObserveEndOfWrites(long started, int outcome) => Observe("shutdown", WriteDescriptor, started, outcome);

    /// <summary>Goes on with a conversation that began before there was a connection.</summary>
    internal void Adopt(long sent, bool hasEndedWrites, long received)
    {
        _writer.Adopt(sent, hasEndedWrites);
        _reader.Adopt(received);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
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
        if (errorNumber == Errno.EPIPE && _break == 0 && WasReset())
            errorNumber = Errno.ECONNRESET;
        if (errorNumber is Errno.ECONNRESET or Errno.EPIPE or Errno.ETIMEDOUT)
            NotePeerEnd();
        if (_break == 0 && errorNumber is Errno.ECONNRESET or Errno.EPIPE or Errno.ETIMEDOUT)
            _break = errorNumber;
        (Reason reason, string cause, int number) = Explain(step, errorNumber);
        return new ConnectionException(step, reason, RemoteEndPoint ?? LocalEndPoint, cause, number)
        {
            UndeliveredBytes = _writer.UnflushedBytes + CountUndelivered(),
        };
    }

    /// <summary>Whether EPIPE, which says that the peer had ended its side before it broke off, hides a reset.</summary>
    private protected virtual bool WasReset() => false;

    /// <summary>What an error number means on this channel; the number is 0 where it says nothing that the cause does not.</summary>
    private protected virtual (Reason Reason, string Cause, int ErrorNumber) Explain(Step step, int errorNumber)
        => (ErrnoReasons.Of(errorNumber, step), Errno.Describe(errorNumber), errorNumber);

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
