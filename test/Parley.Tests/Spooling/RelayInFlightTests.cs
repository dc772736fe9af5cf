using System.Net;
using System.Text;

namespace Parley.Tests.Spooling;

/// <summary>A relay from a source that waits to be told, to a target that confirms late.</summary>
public sealed class RelayInFlightTests : IAsyncDisposable
{
    private readonly TestFolder _folder = new();
    private readonly MessageChannel _sender;
    private readonly MessageChannel _source;
    private readonly MessageSpool _spool;

    public RelayInFlightTests()
    {
        (_sender, _source) = MessageChannel.CreatePair(capacity: 100, maxMessageSize: 64);
        _spool = MessageSpool.Open(_source, new MessageSpoolOptions { Path = _folder["spool"], Capacity = 64 * 1024 });
    }

    public async ValueTask DisposeAsync()
    {
        await _spool.DisposeAsync();
        await _sender.DisposeAsync();
        await _source.DisposeAsync();
        _folder.Dispose();
    }

    [Fact]
    public async Task MoveAsync_TargetConfirmsLate_SeveralAreOnTheirWay()
    {
        await SendAsync(10);
        await using var target = new LateTarget();
        var relay = new MessageRelay(_spool, maxInFlight: 4);
        Task<bool> move = relay.MoveAsync(target, count: 10).AsTask();
        await Eventually.TrueAsync(() => target.Begun == 4, "four are sent");
        target.Confirm("1");
        await Eventually.TrueAsync(() => _spool.Unacknowledged == 3, "one is acknowledged, out of turn");
        target.ConfirmAll();
        Assert.False(await move.Within());
        Assert.Equal(Enumerable.Range(0, 10).Select(static i => $"{i}"), target.Sent);
        Assert.Equal((10, 0, 0, false), (relay.MessagesMoved, relay.PossibleDuplicates, _spool.Unacknowledged, relay.HasMessage));
    }

    [Fact]
    public async Task MoveAsync_OneFails_ThoseNotConfirmedGoAgainFirst()
    {
        await SendAsync(6);

        // No room for a fifth: the relay may see the first confirmed before it sees the second fail.
        await using var target = new LateTarget(room: 4);
        var relay = new MessageRelay(_spool, maxInFlight: 4);
        Task<bool> move = relay.MoveAsync(target, count: 6).AsTask();
        await Eventually.TrueAsync(() => target.Begun == 4, "four are sent");
        target.Fail("1");
        target.Fail("3");
        target.Confirm("0");
        target.Confirm("2");
        await Assert.ThrowsAsync<ConnectionException>(() => move.Within());
        Assert.True(relay.HasTargetFailed);
        Assert.Equal((2, 2), (relay.MessagesInHand, relay.MessagesMoved));
        Assert.Equal("1", Encoding.UTF8.GetString(relay.InHand.Body.Span));

        await using var next = new LateTarget();
        next.ConfirmAll();
        Assert.False(await relay.MoveAsync(next, count: 4).Within());
        Assert.Equal(["1", "3", "4", "5"], next.Sent);
        Assert.Equal((6, 2, 0), (relay.MessagesMoved, relay.PossibleDuplicates, _spool.Unacknowledged));
    }

    [Fact]
    public async Task GiveBackAsync_SomeInHand_AreDeliveredAgain()
    {
        await SendAsync(3);
        await using var target = new LateTarget();
        var relay = new MessageRelay(_spool);
        using var cut = new CancellationTokenSource();
        Task<bool> move = relay.MoveAsync(target, cancellationToken: cut.Token).AsTask();
        await Eventually.TrueAsync(() => target.Begun == 3, "all are sent");
        await cut.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => move.Within());
        Assert.Equal(3, relay.MessagesInHand);
        await relay.DropAsync();
        await relay.GiveBackAsync();
        Assert.False(relay.HasMessage);
        byte[] buffer = new byte[64];
        Assert.True((await _spool.ReceiveAsync(buffer).Within()).Delivery!.IsRedelivered);
        Assert.Equal((byte)'1', buffer[0]);
    }

    private async Task SendAsync(int count)
    {
        for (int i = 0; i < count; i++)
            await _sender.SendAsync(Encoding.UTF8.GetBytes($"{i}")).Within();
    }

    /// <summary>Completes a send when the test says so.</summary>
    private sealed class LateTarget(int room = int.MaxValue) : MessageChannel
    {
        private readonly Dictionary<string, TaskCompletionSource> _open = new(StringComparer.Ordinal);
        private readonly List<string> _sent = [];
        private bool _confirmsAll;

        public override EndPoint? LocalEndPoint => null;

        public override EndPoint? RemoteEndPoint => null;

        public override int MaxMessageSize => 64;

        public override MessageStatistics Statistics => default;

        internal int Begun
        {
            get
            {
                lock (_open)
                    return _sent.Count;
            }
        }

        internal List<string> Sent
        {
            get
            {
                lock (_open)
                    return [.. _sent];
            }
        }

        internal void Confirm(string message) => Take(message).SetResult();

        internal void Fail(string message) => Take(message).SetException(new ConnectionException(Step.Send, Reason.Reset, null, "the broker is gone"));

        internal void ConfirmAll()
        {
            lock (_open)
            {
                _confirmsAll = true;
                foreach (TaskCompletionSource open in _open.Values)
                    open.TrySetResult();
            }
        }

        public override ValueTask SendAsync(ReadOnlyMemory<byte> message, MessageHeader header, CancellationToken cancellationToken = default)
        {
            lock (_open)
            {
                string text = Encoding.UTF8.GetString(message.Span);
                _sent.Add(text);
                if (_confirmsAll)
                    return ValueTask.CompletedTask;
                _open[text] = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
                return new ValueTask(_open[text].Task.WaitAsync(cancellationToken));
            }
        }

        public override ValueTask WaitToSendAsync(CancellationToken cancellationToken = default) =>
            Begun < room ? ValueTask.CompletedTask : new ValueTask(Task.Delay(Timeout.Infinite, cancellationToken));

        public override bool TrySend(ReadOnlySpan<byte> message, MessageHeader header = default) => throw new NotSupportedException();

        public override ValueTask<ReceivedMessage> ReceiveAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) => throw new NotSupportedException();

        public override bool TryReceive(Span<byte> buffer, out ReceivedMessage received) => throw new NotSupportedException();

        public override ValueTask WaitToReceiveAsync(CancellationToken cancellationToken = default) => throw new NotSupportedException();

        public override ValueTask DisposeAsync() => ValueTask.CompletedTask;

        private TaskCompletionSource Take(string message)
        {
            lock (_open)
                return _open[message];
        }
    }
}
