using System.Buffers.Binary;

namespace Parley.Tests.Messaging.Framing;

/// <summary>What a channel takes of memory: nothing a message, and nothing for a message that is refused.</summary>
[Collection(nameof(Alone))]
public sealed class MemoryTests
{
    private const int RoundTrips = 20_000;

    [Theory]
    [InlineData(MessageFraming.Line, false)]
    [InlineData(MessageFraming.Len32, false)]
    [InlineData(MessageFraming.Len32, true)]
    public async Task RoundTrips_AfterWarmUp_AllocateNothing(MessageFraming framing, bool inline)
    {
        await using Pair pair = await Pair.ConnectAsync(ChannelKind.UnixPath, inline);
        MessageChannel client = MessageChannel.Over(pair.Client, framing);
        MessageChannel server = MessageChannel.Over(pair.Server, framing);
        Task echo = EchoAsync(server);
        await PingPongAsync(client).Within(Limits.Transfer);

        long before = GC.GetTotalAllocatedBytes(precise: true);
        await PingPongAsync(client).Within(Limits.Transfer);
        long allocated = GC.GetTotalAllocatedBytes(precise: true) - before;

        Assert.True(allocated < 16 * RoundTrips, $"{allocated / (double)RoundTrips:0.0} bytes a round trip");
        Assert.False(echo.IsCompleted);
    }

    [Theory]
    [InlineData(1024u * 1024 * 1024)]
    [InlineData(uint.MaxValue)]
    public async Task HeaderThatLies_TakesNoMemory(uint length)
    {
        await using RawFrames raw = await RawFrames.OpenAsync(MessageFraming.Len32, 1024 * 1024);
        byte[] buffer = new byte[16];
        await raw.SendAsync(RawFrames.Frame(MessageFraming.Len32, 1));
        await raw.Channel.ReceiveAsync(buffer).Within();
        byte[] header = new byte[4];
        BinaryPrimitives.WriteUInt32BigEndian(header, length);
        await raw.SendAsync(header);

        long before = GC.GetTotalAllocatedBytes(precise: true);
        await Assert.ThrowsAsync<ConnectionException>(() => raw.Channel.ReceiveAsync(buffer).Within());
        long allocated = GC.GetTotalAllocatedBytes(precise: true) - before;
        Assert.True(allocated < 256 * 1024, $"{allocated} bytes");
    }

    private static async Task PingPongAsync(MessageChannel channel)
    {
        byte[] message = new byte[64];
        message.AsSpan().Fill(65);
        byte[] buffer = new byte[64];
        for (int i = 0; i < RoundTrips; i++)
        {
            await channel.SendAsync(message).ConfigureAwait(false);
            ReceivedMessage received = await channel.ReceiveAsync(buffer).ConfigureAwait(false);
            if (received.Length != message.Length)
                throw new InvalidOperationException($"round {i}: {received.Length} bytes came back");
        }
    }

    private static async Task EchoAsync(MessageChannel channel)
    {
        byte[] buffer = new byte[64];
        while (true)
        {
            ReceivedMessage received = await channel.ReceiveAsync(buffer).ConfigureAwait(false);
            if (received.IsEnd)
                return;
            await channel.SendAsync(buffer.AsMemory(0, received.Length)).ConfigureAwait(false);
        }
    }
}
