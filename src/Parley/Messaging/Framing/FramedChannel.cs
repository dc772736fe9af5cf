using System.Net;

namespace Parley;

/// <summary>Messages over a stream, told apart by a framing.</summary>
internal sealed partial class FramedChannel : MessageChannel
{
    private readonly Connection _connection;
    private readonly FrameReader _reader;
    private readonly FrameWriter _writer;
    private readonly bool _leavesOpen;
    private int _isDisposed;

    internal FramedChannel(Connection connection, MessageChannelOptions options, bool leavesOpen)
    {
        var format = new FrameFormat(options.Framing, options.MaxMessageSize);
        _connection = connection;
        _leavesOpen = leavesOpen;
        _reader = new FrameReader(connection, format);
        _writer = new FrameWriter(connection, format);
        MaxMessageSize = options.MaxMessageSize;
        SpinTime = options.SpinTime;
    }

    public override EndPoint? LocalEndPoint => _connection.LocalEndPoint;

    public override EndPoint? RemoteEndPoint => _connection.RemoteEndPoint;

    public override int MaxMessageSize { get; }

    public override MessageStatistics Statistics => new(_reader.Messages, _writer.Messages, _reader.Bytes, _writer.Bytes, Truncated: 0);

    internal override TimeSpan SpinTime { get; }

    public override ValueTask SendAsync(ReadOnlyMemory<byte> message, MessageHeader header, CancellationToken cancellationToken = default)
    {
        RefusePriority(in header);
        return _writer.SendAsync(message, cancellationToken);
    }

    public override bool TrySend(ReadOnlySpan<byte> message, MessageHeader header = default)
    {
        RefusePriority(in header);
        return _writer.TrySend(message);
    }

    public override ValueTask SendBatchAsync(
        ReadOnlyMemory<ReadOnlyMemory<byte>> messages, MessageHeader header = default, CancellationToken cancellationToken = default)
    {
        RefusePriority(in header);
        return _writer.SendAsync(messages, cancellationToken);
    }

    public override ValueTask<ReceivedMessage> ReceiveAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        => _reader.ReceiveAsync(buffer, cancellationToken);

    public override bool TryReceive(Span<byte> buffer, out ReceivedMessage received) => _reader.TryReceive(buffer, out received);

    public override ValueTask<int> ReceiveBatchAsync(MessageBatch batch, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(batch);
        return _reader.ReceiveAsync(batch, cancellationToken);
    }

    public override ValueTask WaitToSendAsync(CancellationToken cancellationToken = default) => _writer.WaitAsync(cancellationToken);

    public override ValueTask WaitToReceiveAsync(CancellationToken cancellationToken = default) => _reader.WaitAsync(cancellationToken);

    internal override ValueTask WaitUntilTakenAsync(CancellationToken cancellationToken) => _writer.WaitAsync(cancellationToken);

    public override ValueTask CompleteSendsAsync(CancellationToken cancellationToken = default) => _writer.CompleteAsync(cancellationToken);

    public override async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _isDisposed, 1) != 0)
            return;
        Exception? failure = await _writer.EndAsync().ConfigureAwait(false);
        await _reader.EndAsync(stopsReading: _leavesOpen).ConfigureAwait(false);
        if (!_leavesOpen)
            await _connection.DisposeAsync().ConfigureAwait(false);

        // The connection's own failure to deliver comes first. This one is of a message that was sent and nobody has heard of.
        if (failure is not null)
            throw failure;
    }
}
