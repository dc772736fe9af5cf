using System.IO.Pipelines;
using System.Net;

namespace Parley;

/// <summary>
/// Another connection with a limit to its rate. A layer of its own, so that connections without a limit have nothing of it in the way.
/// </summary>
internal sealed class PacedConnection : Connection
{
    private readonly Connection _inner;
    private readonly PacedReader _input;
    private readonly PacedWriter _output;

    internal PacedConnection(Connection inner, long bytesPerSecond, TimeProvider time)
    {
        _inner = inner;
        _input = new PacedReader(inner.Input, new TokenBucket(bytesPerSecond, time));
        _output = new PacedWriter(inner.Output, new TokenBucket(bytesPerSecond, time));
    }

    public override PipeReader Input => _input;

    public override PipeWriter Output => _output;

    public override EndPoint? LocalEndPoint => _inner.LocalEndPoint;

    public override EndPoint? RemoteEndPoint => _inner.RemoteEndPoint;

    public override CancellationToken Closed => _inner.Closed;

    public override bool HasHalfClosed => _inner.HasHalfClosed;

    public override ConnectionStatistics Statistics
    {
        get
        {
            // What is held back has been received by nobody yet.
            ConnectionStatistics statistics = _inner.Statistics;
            return statistics with { BytesReceived = Math.Max(0, statistics.BytesReceived - _input.HeldBack) };
        }
    }

    internal override bool HasIndependentDirections => _inner.HasIndependentDirections;

    public override async ValueTask CompleteWritesAsync(CancellationToken cancellationToken = default)
    {
        await _output.FlushAsync(cancellationToken).ConfigureAwait(false);
        await _inner.CompleteWritesAsync(cancellationToken).ConfigureAwait(false);
    }

    public override async ValueTask WaitForDeliveryAsync(CancellationToken cancellationToken = default)
        => await _inner.WaitForDeliveryAsync(cancellationToken).ConfigureAwait(false);

    public override void Abort(Exception? reason = null) => _inner.Abort(reason);

    public override async ValueTask DisposeAsync()
    {
        try
        {
            if (_output.Waiting > 0 && !Closed.IsCancellationRequested)
                await _output.FlushAsync().ConfigureAwait(false);
        }
        finally
        {
            await _inner.DisposeAsync().ConfigureAwait(false);
        }
    }

    public override bool TryGetPeerCredentials(out PeerCredentials credentials) => _inner.TryGetPeerCredentials(out credentials);

    public override bool TryGetTlsInformation(out TlsInformation information) => _inner.TryGetTlsInformation(out information);

    public override bool TryGetExitCode(out int exitCode) => _inner.TryGetExitCode(out exitCode);
}
