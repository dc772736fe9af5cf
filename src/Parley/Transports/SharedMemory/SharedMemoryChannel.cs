using System.Net;
using Parley.Transports.Descriptors;

namespace Parley.Transports.SharedMemory;

/// <summary>
/// Messages through two rings of shared memory. A call copies a message to or from the ring at once, in the caller; only where there is nothing,
/// or no room, does it wait: in a futex where the thread may be blocked, otherwise for a byte on the link's socket, in the event loop.
/// </summary>
internal sealed class SharedMemoryChannel : MessageChannel, ISegmentUser
{
    private readonly SharedMemoryLink _link;
    private readonly ChannelEnd _end;
    private readonly MessageSender _sender;
    private readonly MessageReceiver _receiver;
    private readonly TimeSpan _closeTimeout;
    private int _disposed;
    private volatile bool _hasLeft;

    /// <summary>What the peer has done that breaks the protocol, in words.</summary>
    internal const string Nonsense = "the peer has written what cannot be into the shared memory";

    internal SharedMemoryChannel(SharedMemoryLink link, EndPoint? local, EndPoint? remote, MessageChannelOptions options)
    {
        _link = link;
        LocalEndPoint = local;
        RemoteEndPoint = remote;
        SpinTime = options.SpinTime;
        _closeTimeout = options.CloseTimeout;
        _end = new ChannelEnd(link, remote ?? local);
        _receiver = new MessageReceiver(this, link, _end, options);
        _sender = new MessageSender(this, link, _end, _receiver, options);
        link.AddReader(this);
        link.AddWriter(this);
    }

    public override EndPoint? LocalEndPoint { get; }

    public override EndPoint? RemoteEndPoint { get; }

    public override int MaxMessageSize => _sender.MaxMessageSize;

    public override MessageStatistics Statistics => new(_receiver.Messages, _sender.Messages, _receiver.Bytes, _sender.Bytes, Truncated: 0);

    internal override TimeSpan SpinTime { get; }

    /// <summary>Changes with each message that is moved in either direction, by this side or the peer. With the turn of either side.</summary>
    internal long Activity => _receiver.Messages + _sender.Messages + _sender.PeerProgress;

    /// <summary>Until it is disposed: the channel itself knows when nobody is inside any more.</summary>
    bool ISegmentUser.UsesSegment => !_hasLeft;

    public override ValueTask SendAsync(ReadOnlyMemory<byte> message, MessageHeader header, CancellationToken cancellationToken = default)
    {
        RefusePriority(in header);
        return _sender.SendAsync(message, cancellationToken);
    }

    public override bool TrySend(ReadOnlySpan<byte> message, MessageHeader header = default)
    {
        RefusePriority(in header);
        return _sender.TrySendLine(message) || _sender.TrySend(message, mayLook: false);
    }

    public override void Send(ReadOnlySpan<byte> message, MessageHeader header, TimeSpan timeout)
    {
        RefusePriority(in header);
        if (!_sender.TrySendLine(message))
            _sender.Send(message, timeout);
    }

    public override ValueTask SendBatchAsync(
        ReadOnlyMemory<ReadOnlyMemory<byte>> messages, MessageHeader header = default, CancellationToken cancellationToken = default)
    {
        RefusePriority(in header);
        return _sender.SendBatchAsync(messages, cancellationToken);
    }

    public override ValueTask<ReceivedMessage> ReceiveAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        => _receiver.ReceiveAsync(buffer, cancellationToken);

    public override bool TryReceive(Span<byte> buffer, out ReceivedMessage received)
    {
        if (!_receiver.TryReceiveLine(buffer, out int length))
            return _receiver.TryReceive(buffer, out received);
        received = new ReceivedMessage(length, default);
        return true;
    }

    public override ReceivedMessage Receive(Span<byte> buffer, TimeSpan timeout)
        => _receiver.TryReceiveLine(buffer, out int length) ? new ReceivedMessage(length, default) : _receiver.Receive(buffer, timeout);

    public override ValueTask<int> ReceiveBatchAsync(MessageBatch batch, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(batch);
        return _receiver.ReceiveBatchAsync(batch, cancellationToken);
    }

    public override void SendBatch(MessageBatch batch, MessageHeader header, TimeSpan timeout)
    {
        ArgumentNullException.ThrowIfNull(batch);
        RefusePriority(in header);
        _sender.SendBatch(batch, timeout);
    }

    public override int ReceiveBatch(MessageBatch batch, TimeSpan timeout)
    {
        ArgumentNullException.ThrowIfNull(batch);
        return _receiver.ReceiveBatch(batch, timeout);
    }

    public override ValueTask WaitToSendAsync(CancellationToken cancellationToken = default) => _sender.WaitForRoomAsync(cancellationToken);

    public override ValueTask WaitToReceiveAsync(CancellationToken cancellationToken = default) => _receiver.WaitForMessageAsync(cancellationToken);

    public override ValueTask CompleteSendsAsync(CancellationToken cancellationToken = default)
    {
        if (cancellationToken.IsCancellationRequested)
            return ValueTask.FromCanceled(cancellationToken);
        try
        {
            _sender.Complete();
            return ValueTask.CompletedTask;
        }
        catch (ConnectionException failure)
        {
            return ValueTask.FromException(failure);
        }
    }

    public override async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0)
            return;
        ConnectionException? failure = null;
        _end.Dispose();

        // Who entered a ring by a plain store may not have seen that; after this it has, or is seen.
        Interlocked.MemoryBarrierProcessWide();
        _sender.AwaitLeaving();
        _receiver.AwaitLeaving();
        await _sender.EndWaitsAsync().ConfigureAwait(false);
        await _receiver.EndWaitsAsync().ConfigureAwait(false);
        try
        {
            TimeSpan? waited = _end.IsBrokenOff ? null : _closeTimeout;
            if (waited is not null)
                await EndConversationAsync().ConfigureAwait(false);
            if (!_end.IsCorrupt)
                failure = _sender.Undelivered(waited);
        }
        finally
        {
            _hasLeft = true;
            _link.Close();
            _link.ReleaseIfUnused();
        }

        if (failure is not null)
            throw failure;
    }

    /// <summary>The peer has broken the protocol: tells it, and ends every wait. Not within a gate.</summary>
    internal ConnectionException BreakOff(Step step)
        => BreakOff(step, Reason.Corrupt, Nonsense);

    /// <summary>The same for another reason.</summary>
    internal ConnectionException BreakOff(Step step, Reason reason, string cause)
    {
        _end.BreakOff(reason, cause);
        ConnectionException failure = _end.Failure(step);
        _link.Abort(failure);
        return failure;
    }

    private async ValueTask EndConversationAsync()
    {
        _sender.EndSending();
        long due = Clock.FromNow(_closeTimeout);
        await _receiver.AwaitPeersEndAsync(due).ConfigureAwait(false);
        _receiver.EndReading();
        await _sender.AwaitTakenAsync(due).ConfigureAwait(false);
    }
}
