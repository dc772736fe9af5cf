using System.Diagnostics.CodeAnalysis;
using System.IO.Pipelines;
using System.Net;
using System.Net.Security;
using System.Security.Cryptography;

namespace Parley.Transports.Tls;

/// <summary>Another connection, encrypted. The engine's records are its bytes; ends, breaks, deadlines and credentials are its own.</summary>
internal sealed partial class TlsConnection : Connection
{
    // What is decrypted ahead of the reader, and when to go on: the rest stays with the peer.
    private const int MostAhead = 64 * 1024;
    private const int GoesOn = 32 * 1024;
    private const int RecordSize = 16 * 1024;

    private readonly Connection _inner;
    private readonly RecordStream _records;
    private readonly SslStream _engine;
    private readonly TlsSettings _settings;
    private readonly Pipe _decrypted;
    private readonly TlsReader _input;
    private readonly TlsWriter _output;
    private readonly TlsInformation _information;
    private readonly Task _decrypting;
    private Exception? _failure;
    private ConnectionException? _readFailure;
    private long _received;
    private bool _isEndedByPeer;
    private int _isClosing;

    internal TlsConnection(Connection inner, RecordStream records, SslStream engine, TlsSettings settings, TlsInformation information)
    {
        _inner = inner;
        _records = records;
        _engine = engine;
        _settings = settings;
        _information = information;
        PipeScheduler scheduler = settings.RunsInline ? PipeScheduler.Inline : PipeScheduler.ThreadPool;
        _decrypted = new Pipe(new PipeOptions(
            readerScheduler: scheduler,
            writerScheduler: scheduler,
            pauseWriterThreshold: MostAhead,
            resumeWriterThreshold: GoesOn,
            minimumSegmentSize: RecordSize,
            useSynchronizationContext: false));
        _input = new TlsReader(this, _decrypted.Reader);
        _output = new TlsWriter(this, engine, inner);
        records.IsShakingHands = false;
        _decrypting = DecryptAsync();
    }

    public override PipeReader Input => _input;

    public override PipeWriter Output => _output;

    public override EndPoint? LocalEndPoint => _settings.Outside(_inner.LocalEndPoint);

    public override EndPoint? RemoteEndPoint => _settings.Outside(_inner.RemoteEndPoint);

    public override CancellationToken Closed => _inner.Closed;

    public override ConnectionStatistics Statistics
    {
        get
        {
            ConnectionStatistics inner = _inner.Statistics;
            return new ConnectionStatistics(Volatile.Read(ref _received), _output.Sent, inner.Elapsed, _isEndedByPeer);
        }
    }

    /// <summary>Whether this side has given up, or has been disposed.</summary>
    internal bool IsOver => Volatile.Read(ref _failure) is not null;

    /// <summary>Why nothing more comes, where that is no end.</summary>
    internal ConnectionException? ReadFailure => Volatile.Read(ref _readFailure);

    public override async ValueTask CompleteWritesAsync(CancellationToken cancellationToken = default)
    {
        cancellationToken.ThrowIfCancellationRequested();
        ThrowIfOver(Step.Write);
        await _output.EndAsync(isClosing: false, cancellationToken).ConfigureAwait(false);
    }

    public override async ValueTask WaitForDeliveryAsync(CancellationToken cancellationToken = default)
    {
        try
        {
            await _inner.WaitForDeliveryAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (ConnectionException failure)
        {
            throw Explain(failure, Step.Write);
        }
    }

    public override bool TryGetPeerCredentials(out PeerCredentials credentials) => _inner.TryGetPeerCredentials(out credentials);

    public override bool TryGetExitCode(out int exitCode) => _inner.TryGetExitCode(out exitCode);

    public override bool TryGetTlsInformation(out TlsInformation information)
    {
        information = _information;
        return true;
    }

    internal void ThrowIfOver(Step step)
    {
        if (Volatile.Read(ref _failure) is { } failure)
            throw OverFailure(failure, step);
    }

    [DoesNotReturn]
    internal void ThrowReadFailure()
    {
        ConnectionException failure = ReadFailure!;
        throw new ConnectionException(failure.Step, failure.Reason, failure.EndPoint, failure.Cause, failure.ErrorNumber, failure);
    }

    /// <summary>What the caller is told of a failure of the engine or of the connection underneath.</summary>
    internal Exception Explain(Exception failure, Step step)
    {
        if (Volatile.Read(ref _failure) is { } over)
            return OverFailure(over, step);
        return failure switch
        {
            ConnectionException broken => _settings.Outside(broken, RemoteEndPoint ?? LocalEndPoint),
            IOException or CryptographicException => TlsFailure.Explain(failure, _records, step, RemoteEndPoint ?? LocalEndPoint),
            _ => failure,
        };
    }

    // What was thrown elsewhere already is not thrown again itself: its trace would grow.
    private static Exception OverFailure(Exception failure, Step step) => failure is ConnectionException { Reason: Reason.Aborted, InnerException: null } own
        ? new ConnectionException(step, own.Reason, own.EndPoint, own.Cause, own.ErrorNumber)
        : failure;

    private async ValueTask<int> ReadInTurnAsync()
    {
        await _records.EnterAsync().ConfigureAwait(false);
        try
        {
            await _engine.ReadAsync(Memory<byte>.Empty).ConfigureAwait(false);
            return await _engine.ReadAsync(_decrypted.Writer.GetMemory(RecordSize)).ConfigureAwait(false);
        }
        finally
        {
            _records.Leave();
        }
    }

    /// <summary>Decrypts what comes, as far ahead as there is room for. A wait holds no buffer.</summary>
    private async Task DecryptAsync()
    {
        try
        {
            while (true)
            {
                int count = await ReadInTurnAsync().ConfigureAwait(false);
                if (count == 0)
                    break;
                Volatile.Write(ref _received, _received + count);
                _decrypted.Writer.Advance(count);
                FlushResult flushed = await _decrypted.Writer.FlushAsync().ConfigureAwait(false);
                if (flushed.IsCompleted || IsOver)
                    return;
            }

            if (_records.HasEnded)
                Volatile.Write(ref _readFailure, IsRefused ? TlsFailure.Refused(RemoteEndPoint ?? LocalEndPoint) : TlsFailure.CutShort(RemoteEndPoint ?? LocalEndPoint));
            NotePeerEnd();
        }
        catch (Exception broken)
        {
            // Told by the next read; what cannot be decrypted makes the rest worthless in both directions.
            NotePeerEnd();
            Exception explained = broken is ConnectionException { Reason: Reason.Reset } && IsRefused && !IsOver
                ? TlsFailure.Refused(RemoteEndPoint ?? LocalEndPoint, broken)
                : Explain(broken, Step.Read);
            Volatile.Write(ref _readFailure, explained as ConnectionException ?? TlsFailure.Explain(broken, _records, Step.Read, RemoteEndPoint ?? LocalEndPoint));
            if (broken is not ConnectionException && !_records.HasEnded)
                Abort(_readFailure);
        }
        finally
        {
            await _decrypted.Writer.CompleteAsync().ConfigureAwait(false);
        }
    }

    // In TLS 1.3 a server looks at the client's certificate when the client has made its handshake already; not every one says why it breaks off.
    private bool IsRefused => _settings.MayBeRefused && _received == 0;

    private void NotePeerEnd()
    {
        if (!_output.HasEnded && !IsOver)
            _isEndedByPeer = true;
    }
}
