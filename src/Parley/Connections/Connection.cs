using System.IO.Pipelines;
using System.Net;
using Microsoft.Win32.SafeHandles;
using Parley.Transports;

namespace Parley;

/// <summary>A conversation with one peer: a stream of bytes in each direction.</summary>
/// <remarks>
/// One thread may read <see cref="Input"/> while another writes <see cref="Output"/>; neither is safe for use by two threads at once.
/// <see cref="Abort"/>, <see cref="Closed"/> and <see cref="DisposeAsync"/> may be used from any thread at any time.
/// </remarks>
public abstract class Connection : IDuplexPipe, IAsyncDisposable
{
    /// <summary>
    /// What the peer says. A read that is completed means that the peer has ended its side cleanly; anything else throws
    /// <see cref="ConnectionException"/>.
    /// </summary>
    public abstract PipeReader Input { get; }

    /// <summary>
    /// What is said to the peer. A flush is completed when the system has taken the bytes, so a slow peer slows its writer.
    /// Completing it half-closes, as <see cref="CompleteWritesAsync"/> does.
    /// </summary>
    public abstract PipeWriter Output { get; }

    /// <summary>This side's address; <see langword="null"/> where it has none.</summary>
    public abstract EndPoint? LocalEndPoint { get; }

    /// <summary>The peer's address; <see langword="null"/> where it has none, as the client of a Unix socket.</summary>
    public abstract EndPoint? RemoteEndPoint { get; }

    /// <summary>Cancelled once the conversation is over in both directions: disposed, aborted, or broken off by the peer.</summary>
    public abstract CancellationToken Closed { get; }

    /// <summary>
    /// Whether the peer has ended its side and was still there to listen when its end was read. Never where the channel cannot tell that from a
    /// close: over TCP, over a FIFO, and on a Unix socket once this side has ended too.
    /// </summary>
    public virtual bool HasHalfClosed => false;

    /// <summary>What this conversation has moved so far. Safe from any thread.</summary>
    public abstract ConnectionStatistics Statistics { get; }

    /// <summary>
    /// Half-closes: sends what is still unflushed and tells the peer that nothing more follows. <see cref="Input"/> stays open.
    /// </summary>
    /// <param name="cancellationToken">Gives up waiting; what was not sent yet stays unsent.</param>
    /// <exception cref="ConnectionException">The peer is gone, or took nothing for longer than the write timeout.</exception>
    public abstract ValueTask CompleteWritesAsync(CancellationToken cancellationToken = default);

    /// <summary>
    /// Sends a file, or a part of it, after what is unflushed: within the kernel where the channel can, so that its bytes never enter this
    /// process. Reading from the disk may block the caller.
    /// </summary>
    /// <param name="file">The file; its position is neither used nor changed.</param>
    /// <param name="offset">Where to begin, in bytes.</param>
    /// <param name="count">How many bytes; <see langword="null"/> (the default) for all that the file has until it is read.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>How many bytes were sent: fewer than <paramref name="count"/> where the file is shorter.</returns>
    /// <exception cref="ConnectionException">The peer is gone, or took nothing for longer than the write timeout.</exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public virtual ValueTask<long> SendFileAsync(
        SafeFileHandle file, long offset = 0, long? count = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(file);
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        ArgumentOutOfRangeException.ThrowIfNegative(count ?? 0, nameof(count));
        return FileCopy.RunAsync(file, Output, offset, count ?? long.MaxValue, cancellationToken);
    }

    /// <summary>
    /// Waits until everything that was flushed has reached the peer: acknowledged by its system (TCP), or read by it (Unix sockets).
    /// </summary>
    /// <param name="cancellationToken">Gives up waiting; the only deadline there is.</param>
    /// <returns>A task that is completed then; at once where a channel cannot tell.</returns>
    /// <exception cref="ConnectionException">The peer broke off before.</exception>
    public virtual ValueTask WaitForDeliveryAsync(CancellationToken cancellationToken = default) => ValueTask.CompletedTask;

    /// <summary>
    /// Gives up at once: what is in flight is lost, every wait ends, and the peer is told by a reset where the channel has one.
    /// </summary>
    /// <param name="reason">What waiting calls throw; <see langword="null"/> for a <see cref="ConnectionException"/> with <see cref="Reason.Aborted"/>.</param>
    public abstract void Abort(Exception? reason = null);

    /// <summary>
    /// Ends gracefully: sends what is unflushed, half-closes, reads and drops what the peer still sends until it ends its side or the
    /// close timeout is over, then closes. Disposing again does nothing.
    /// </summary>
    /// <remarks>
    /// A socket over which nothing was sent, and whose <see cref="Input"/> was completed before the peer's end, is closed at once: the peer's
    /// further words are not waited for. Over TCP the peer meets a reset where bytes of it were left unread, and an end otherwise; a Unix socket
    /// cannot tell of those that had been read from the kernel already.
    /// </remarks>
    /// <exception cref="ConnectionException">
    /// Bytes that were written could not be delivered: <see cref="ConnectionException.UndeliveredBytes"/> says how many where it is known.
    /// </exception>
    public abstract ValueTask DisposeAsync();

    /// <summary>The process on the other end, where the kernel knows it (local channels).</summary>
    /// <param name="credentials">Process, user and group of the peer at the time of connecting.</param>
    /// <returns><see langword="false"/> where the channel has no such thing.</returns>
    public virtual bool TryGetPeerCredentials(out PeerCredentials credentials)
    {
        credentials = default;
        return false;
    }

    /// <summary>What both sides agreed on, where the conversation is encrypted.</summary>
    /// <param name="information">Version, application protocol, and who the peer is.</param>
    /// <returns><see langword="false"/> where it is not encrypted.</returns>
    public virtual bool TryGetTlsInformation(out TlsInformation information)
    {
        information = default;
        return false;
    }

    /// <summary>What the process on the other end, where this connection started it, ended with.</summary>
    /// <param name="exitCode">Its exit code; 128 and the signal's number where a signal ended it, as shells have it.</param>
    /// <returns><see langword="false"/> while it runs, and where this connection started none.</returns>
    public virtual bool TryGetExitCode(out int exitCode)
    {
        exitCode = 0;
        return false;
    }

    /// <summary>The same conversation as a <see cref="Stream"/>.</summary>
    /// <param name="leaveOpen">Whether disposing the stream leaves the connection open.</param>
    /// <returns>A stream that reads <see cref="Input"/> and writes through <see cref="Output"/>, flushing each write.</returns>
    public Stream AsStream(bool leaveOpen = false) => new ConnectionStream(this, leaveOpen);

    /// <summary>
    /// The same conversation with a limit to its rate, in each direction by itself. A pause is made up for by at most a quarter of a
    /// second's worth. What is held back stays with the peer but for the buffers between, so backpressure is felt as ever; bytes that were
    /// written without a flush wait in memory.
    /// </summary>
    /// <param name="bytesPerSecond">The most bytes a second, 1 or more.</param>
    /// <returns>A connection that takes this one's place; disposing it disposes this one.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The rate is less than 1.</exception>
    public Connection LimitRate(long bytesPerSecond)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(bytesPerSecond, 1);
        return new PacedConnection(this, bytesPerSecond, TimeProvider.System);
    }

    /// <summary>
    /// The same conversation encrypted from here on, with this side as the client of TLS: whatever carries it, and whatever has been said on it
    /// before. The handshake is made now.
    /// </summary>
    /// <param name="options">Whom to trust, and who this side is: without a pin it needs <see cref="TlsOptions.ServerName"/>.</param>
    /// <param name="cancellationToken">Gives up, which breaks this connection off.</param>
    /// <returns>A connection that takes this one's place; disposing it disposes this one.</returns>
    /// <exception cref="ConnectionException">No handshake was made: the reason says why. This connection is aborted and disposed.</exception>
    /// <exception cref="ArgumentException">An option is out of its range, or nothing says which server is meant.</exception>
    public ValueTask<Connection> SecureAsClientAsync(TlsOptions options, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(options);
        return TransportSelector.SecureAsClientAsync(this, options.Snapshot(), cancellationToken);
    }

    /// <summary>The same with this side as the server of TLS.</summary>
    /// <param name="options">Who this side is: a certificate is needed. And whom to trust.</param>
    /// <param name="cancellationToken">Gives up, which breaks this connection off.</param>
    /// <returns>A connection that takes this one's place; disposing it disposes this one.</returns>
    /// <exception cref="ConnectionException">No handshake was made: the reason says why. This connection is aborted and disposed.</exception>
    /// <exception cref="ArgumentException">An option is out of its range, or there is no certificate.</exception>
    public ValueTask<Connection> SecureAsServerAsync(TlsOptions options, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(options);
        return TransportSelector.SecureAsServerAsync(this, options.Snapshot(), cancellationToken);
    }

    /// <summary>Whether one direction goes on when the other is broken, as standard input does without an output.</summary>
    internal virtual bool HasIndependentDirections => false;

    /// <summary>
    /// Blocks the calling thread until there is something to read, or <see cref="InterruptBlocked"/> is called: in the kernel, for waking a
    /// thread through the event loop takes twice as long. May return early.
    /// </summary>
    /// <param name="timeout">How long; more than zero, or <see cref="Timeout.InfiniteTimeSpan"/>.</param>
    /// <param name="changes">Looked at once an interruption would be noticed: there is no need to block any more when it is not what was seen.</param>
    /// <param name="seen">What it was.</param>
    /// <returns><see langword="false"/> where that cannot be done: the event loop has to do.</returns>
    internal virtual bool TryBlockUntilReadable(TimeSpan timeout, ref readonly int changes, int seen) => false;

    /// <summary>Whether <see cref="TryReadBlocked"/> is to be had, which is one system call where to block first and to read then are two.</summary>
    internal virtual bool CanReadBlocked => false;

    /// <summary>
    /// Reads from <see cref="Input"/>, blocked in the kernel until something comes, or <see cref="InterruptBlocked"/> is called. Nobody else reads meanwhile.
    /// </summary>
    /// <param name="changes">As in <see cref="TryBlockUntilReadable"/>.</param>
    /// <param name="seen">What it was.</param>
    /// <param name="result">What was read; it is to be advanced over.</param>
    /// <returns><see langword="false"/> where nothing was read: whoever called looks for the reason.</returns>
    internal virtual bool TryReadBlocked(ref readonly int changes, int seen, out ReadResult result)
    {
        result = default;
        return false;
    }

    /// <summary>Makes each thread leave the two. What it is to find then must be there before.</summary>
    internal virtual void InterruptBlocked()
    {
    }

    /// <summary>Moves bytes from here to the target until there are no more; what the target's end is told is the caller's affair.</summary>
    internal virtual async ValueTask TransferAsync(Transfer transfer, CancellationToken cancellationToken)
        => await CopyTransfer.RunAsync(transfer, largePiece: int.MaxValue, cancellationToken).ConfigureAwait(false);

    /// <summary>Connects.</summary>
    /// <param name="remote">Where to.</param>
    /// <param name="options">How; <see langword="null"/> for the defaults.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>The connection; the caller disposes it.</returns>
    /// <exception cref="ConnectionException">It could not be made: the step and the reason are in it.</exception>
    /// <exception cref="ArgumentException">The endpoint is of a kind that nothing here carries, or an option is out of its range.</exception>
    /// <exception cref="PlatformNotSupportedException">The endpoint needs another operating system.</exception>
    public static ValueTask<Connection> ConnectAsync(
        EndPoint remote, ConnectionOptions? options = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(remote);
        return TransportSelector.ConnectAsync(remote, (options ?? new ConnectionOptions()).Snapshot(), cancellationToken);
    }

    /// <summary>Two ends of one conversation within this process, for tests.</summary>
    /// <param name="options">How both behave; <see langword="null"/> for the defaults.</param>
    /// <returns>What one end writes, the other reads.</returns>
    public static (Connection First, Connection Second) CreatePair(ConnectionOptions? options = null)
        => TransportSelector.CreatePair((options ?? new ConnectionOptions()).Snapshot());
}
