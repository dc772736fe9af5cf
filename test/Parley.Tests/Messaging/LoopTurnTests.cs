using Parley.Transports.Descriptors;

namespace Parley.Tests.Messaging;

/// <summary>Code on the loop's thread whose calls always find something to do, while somebody else's descriptor is ready.</summary>
public sealed class LoopTurnTests
{
    // Far more than any channel makes in a row. Nothing else would end code that never gives way, nor any test after it.
    private const int MostCalls = 1000;

    private static readonly byte[] Word = "message"u8.ToArray();

    public enum Call
    {
        Send,
        SendBatch,
        WaitToSend,
        Receive,
        ReceiveBatch,
        WaitToReceive,
    }

    public static TheoryData<MessageKind, Call> All
    {
        get
        {
            var all = new TheoryData<MessageKind, Call>();
            foreach (MessageKind kind in new[] { MessageKind.Queue, MessageKind.SharedMemory, MessageKind.Udp4 })
            {
                foreach (Call call in Enum.GetValues<Call>())
                    all.Add(kind, call);
            }

            return all;
        }
    }

    [Theory]
    [MemberData(nameof(All))]
    public async Task Call_NeverHasToWait_LetsOthersHaveTheirTurn(MessageKind kind, Call call)
    {
        await using MessagePair pair = await MessagePair.OpenAsync(kind, inline: true);
        (MessageChannel near, MessageChannel far) = (pair.First, pair.Second);
        byte[] buffer = new byte[far.MaxMessageSize];
        var batch = new MessageBatch(4, near.MaxMessageSize);

        Assert.InRange(await CallsUntilOthersHadTheirTurnAsync(OnceAsync), 1, MostCalls - 1);

        async ValueTask OnceAsync()
        {
            if (call >= Call.Receive)
                Assert.True(far.TrySend(Word));
            switch (call)
            {
                case Call.Send:
                    await near.SendAsync(Word).ConfigureAwait(false);
                    break;
                case Call.SendBatch:
                    await near.SendBatchAsync(new ReadOnlyMemory<byte>[] { Word }).ConfigureAwait(false);
                    break;
                case Call.WaitToSend:
                    await near.WaitToSendAsync().ConfigureAwait(false);
                    break;
                case Call.Receive:
                    await near.ReceiveAsync(buffer).ConfigureAwait(false);
                    break;
                case Call.ReceiveBatch:
                    await near.ReceiveBatchAsync(batch).ConfigureAwait(false);
                    break;
                default:
                    await near.WaitToReceiveAsync().ConfigureAwait(false);
                    Assert.True(near.TryReceive(buffer, out _));
                    break;
            }

            // A datagram may be on its way yet.
            if (call is Call.Send or Call.SendBatch)
                Assert.True(far.TryReceive(buffer, out _) || kind == MessageKind.Udp4);
        }
    }

    /// <summary>Somebody who waits for the same channel is one of those who are kept from their turn.</summary>
    [Fact]
    public async Task Send_WhileAReceiverWaits_LetsOthersHaveTheirTurn()
    {
        await using MessagePair pair = await MessagePair.OpenAsync(MessageKind.Udp4, inline: true);
        byte[] buffer = new byte[pair.First.MaxMessageSize];
        Task receive = pair.First.ReceiveAsync(new byte[1]).AsTask();

        Assert.InRange(await CallsUntilOthersHadTheirTurnAsync(OnceAsync), 1, MostCalls - 1);

        await pair.First.DisposeAsync();
        await Assert.ThrowsAsync<ConnectionException>(() => receive.Within());

        async ValueTask OnceAsync()
        {
            await pair.First.SendAsync(Word).ConfigureAwait(false);
            pair.Second.TryReceive(buffer, out _);
        }
    }

    private static async Task<int> CallsUntilOthersHadTheirTurnAsync(Func<ValueTask> call)
    {
        using var queue = new TestQueue();
        await using MessageChannel waiting = await queue.OpenAsync(inline: true);
        await using MessageChannel waker = await queue.OpenAsync();
        byte[] buffer = new byte[waiting.MaxMessageSize];
        bool hadTurn = false;
        Task<int> calls = CallAsync();
        Assert.True(waker.TrySend("to the loop"u8));
        return await calls.Within();

        async Task<int> CallAsync()
        {
            await waiting.ReceiveAsync(buffer).ConfigureAwait(false);
            Assert.True(EventLoop.Shared.IsCurrent);
            Task other = ReceiveAsync();
            Assert.True(waker.TrySend("to the other"u8));
            int made = 0;
            for (; made < MostCalls && !hadTurn; made++)
                await call().ConfigureAwait(false);
            await other.ConfigureAwait(false);
            return made;
        }

        async Task ReceiveAsync()
        {
            await waiting.ReceiveAsync(buffer).ConfigureAwait(false);
            hadTurn = true;
        }
    }
}
