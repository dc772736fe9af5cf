using System.Diagnostics;
using System.IO.Pipelines;
using System.Net;
using Parley.Interop.Linux;
using Parley.Transports.Descriptors;

namespace Parley.Transports.SharedMemory;

/// <summary>A connection over two byte rings: what is written goes into shared memory, and is read where it is. The socket carries wakes.</summary>
internal sealed partial class SharedMemoryConnection : Connection
{
    private readonly SharedMemoryLink _link;
    private readonly ByteRingReader _reader;
    private readonly ByteRingWriter _writer;
    private readonly bool _notesActivity;
    private readonly long _started = Stopwatch.GetTimestamp();
    private long _lastActivity;
    private Exception? _failure;
    private volatile bool _isOver;

    /// <param name="link">What was agreed on with the peer. The connection's from now on.</param>
    /// <param name="options">How it behaves.</param>
    internal SharedMemoryConnection(SharedMemoryLink link, ConnectionOptions options)
    {
        _link = link;
        Options = options;
        _lastActivity = _started;
        _notesActivity = Options.IdleTimeout != Timeout.InfiniteTimeSpan;
        _reader = new ByteRingReader(this, link);
        _writer = new ByteRingWriter(this, link);
    }

    public override PipeReader Input => _reader;

    public override PipeWriter Output => _writer;

    public override EndPoint? LocalEndPoint => _link.Socket.LocalEndPoint;

    public override EndPoint? RemoteEndPoint => _link.Socket.RemoteEndPoint;

    public override CancellationToken Closed => _link.Socket.Closed;

    // Who closes altogether says that, and the read throws.
    public override bool HasHalfClosed => PeerEnded;

    public override ConnectionStatistics Statistics
        => new(_reader.Total, _writer.Total, _endedAt == 0 ? Stopwatch.GetElapsedTime(_started) : Stopwatch.GetElapsedTime(_started, _endedAt), _endedByPeer);

    internal ConnectionOptions Options { get; }

    /// <summary>Why nothing goes any more; <see langword="null"/> while it does.</summary>
    internal Exception? Failure => Volatile.Read(ref _failure);

    /// <summary>Whether a dispose has begun or the connection was aborted: no call begins any more.</summary>
    internal bool IsOver => _isOver;

    public override bool TryGetPeerCredentials(out PeerCredentials credentials) => _link.Socket.TryGetPeerCredentials(out credentials);

    public override ValueTask CompleteWritesAsync(CancellationToken cancellationToken = default) => _writer.EndAsync(cancellationToken);

    internal void NoteActivity()
    {
        if (_notesActivity)
            Volatile.Write(ref _lastActivity, Stopwatch.GetTimestamp());
    }

    /// <summary>When the connection will have been idle for too long, if no byte moves until then.</summary>
    internal long IdleDue => _notesActivity ? Clock.After(Volatile.Read(ref _lastActivity), Options.IdleTimeout) : Deadline.Never;

    internal ConnectionException IdleFailure(Step step)
        => Fail(step, Reason.TimedOut, $"no byte moved in either direction for {Options.IdleTimeout.TotalSeconds:0.###} s", Errno.ETIMEDOUT);

    /// <summary>What calls that find the connection over throw.</summary>
    internal Exception OverFailure(Step step) => Failure switch
    {
        // One exception object thrown by two callers would have its stack trace written by both.
        ConnectionException known => new ConnectionException(known.Step, known.Reason, known.EndPoint, known.Cause, known.ErrorNumber, known)
        {
            UndeliveredBytes = known.UndeliveredBytes,
        },
        { } failure => failure,
        null => Fail(step, Reason.Aborted, "this side has closed the connection"),
    };

    /// <summary>The peer has said what cannot be.</summary>
    internal ConnectionException Corrupt(Step step) => Fail(step, Reason.Corrupt, "the peer has written nonsense into the ring's positions");

    /// <summary>What the peer's going means. Whoever finds it is inside a ring, or has closed.</summary>
    /// <param name="step">The step that met it.</param>
    /// <param name="state">How the peer left its side of the ring.</param>
    internal Exception Broken(Step step, uint state)
    {
        if (IsOver)
            return OverFailure(step);
        NotePeerEnd();
        (Reason reason, string cause, int error) = Explain(state);
        ConnectionException failure = Fail(step, reason, cause, error);
        long undelivered = _writer.CountUndelivered();
        return undelivered == 0
            ? failure
            : new ConnectionException(step, reason, failure.EndPoint, cause, error) { UndeliveredBytes = undelivered };
    }

    private static (Reason Reason, string Cause, int Error) Explain(uint state) => state switch
    {
        SharedLayout.Open => (Reason.PeerDied, "the peer's process ended without closing the conversation", 0),
        SharedLayout.Closed => (Reason.Reset, Errno.Describe(Errno.EPIPE), Errno.EPIPE),
        SharedLayout.Aborted => (Reason.Reset, Errno.Describe(Errno.ECONNRESET), Errno.ECONNRESET),
        _ => (Reason.Corrupt, "the peer has written nonsense into its state", 0),
    };

    private ConnectionException Fail(Step step, Reason reason, string cause, int error = 0)
        => new(step, reason, RemoteEndPoint ?? LocalEndPoint, cause, error);
}
