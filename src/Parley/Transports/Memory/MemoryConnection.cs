using System.Diagnostics;
using System.IO.Pipelines;
using System.Net;
using Parley.Interop.Linux;

namespace Parley.Transports.Memory;

/// <summary>One end of a conversation within this process.</summary>
internal sealed class MemoryConnection : Connection
{
    private readonly MemoryReader _reader;
    private readonly MemoryWriter _writer;
    private readonly ConnectionOptions _options;
    private readonly CancellationTokenSource _closed = new();
    private readonly long _started = Stopwatch.GetTimestamp();
    private Exception? _failure;
    private bool _endedByPeer;
    private int _closing;
    private int _ended;

    internal MemoryConnection(PipeReader input, PipeWriter output, ConnectionOptions options, EndPoint? endPoint)
    {
        _reader = new MemoryReader(input, this);
        _writer = new MemoryWriter(output, this);
        _options = options;
        LocalEndPoint = RemoteEndPoint = endPoint;
    }

    public override PipeReader Input => _reader;

    public override PipeWriter Output => _writer;

    public override EndPoint? LocalEndPoint { get; }

    public override EndPoint? RemoteEndPoint { get; }

    public override CancellationToken Closed => _closed.Token;

    public override ConnectionStatistics Statistics => new(_reader.Total, _writer.Total, Stopwatch.GetElapsedTime(_started), _endedByPeer);

    internal MemoryConnection Peer { get; set; } = null!;

    internal Action? Ended { get; set; }

    internal bool PeerEnded { get; private set; }

    internal Exception? Failure => Volatile.Read(ref _failure);

    public override ValueTask CompleteWritesAsync(CancellationToken cancellationToken = default) => _writer.EndAsync(cancellationToken);

    public override void Abort(Exception? reason = null)
    {
        reason ??= new ConnectionException(Step.Close, Reason.Aborted, RemoteEndPoint, "this side aborted the connection");
        if (Interlocked.CompareExchange(ref _failure, reason, null) is not null)
            return;

        // The peer sees what it would see of a socket: a reset.
        _writer.Break(Reset(Step.Read));
        _reader.CancelPendingRead();
        _writer.CancelPendingFlush();
        Peer.OnPeerAborted();
        End();
    }

    public override async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _closing, 1) != 0 || Failure is not null)
            return;
        try
        {
            await _writer.EndAsync(CancellationToken.None).ConfigureAwait(false);
            await DrainAsync().ConfigureAwait(false);
        }
        catch (ConnectionException failure)
        {
            throw new ConnectionException(Step.Close, failure.Reason, RemoteEndPoint, failure.Cause, failure.ErrorNumber, failure);
        }
        finally
        {
            _reader.Finish();
            End();
        }
    }

    internal void NotePeerEnd()
    {
        PeerEnded = true;
        if (!_writer.HasEnded)
            _endedByPeer = true;
    }

    internal ConnectionException Reset(Step step) => ConnectionException.FromErrno(step, Errno.ECONNRESET, RemoteEndPoint);

    internal Exception OverFailure(Step step)
        => Failure ?? new ConnectionException(step, Reason.Aborted, RemoteEndPoint, "this side has closed the connection");

    private void OnPeerAborted()
    {
        _endedByPeer = true;
        _closed.Cancel();
    }

    private async ValueTask DrainAsync()
    {
        using var deadline = new CancellationTokenSource(_options.CloseTimeout);
        try
        {
            while (!PeerEnded)
            {
                ReadResult result = await _reader.ReadForDrainAsync(deadline.Token).ConfigureAwait(false);
                _reader.AdvanceTo(result.Buffer.End);
                if (result.IsCompleted)
                    NotePeerEnd();
            }
        }
        catch (OperationCanceledException)
        {
            // The peer keeps its side open; it can read what was written all the same.
            return;
        }
    }

    private void End()
    {
        if (Interlocked.Exchange(ref _ended, 1) != 0)
            return;
        Ended?.Invoke();
        _closed.Cancel();
    }
}
