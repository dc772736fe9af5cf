using System.Buffers.Binary;
using System.Text;

namespace Parley.Tests.Messaging.Framing;

/// <summary>What a peer may send, and how it may come.</summary>
public sealed class ReceivingTests
{
    [Theory]
    [InlineData(MessageFraming.Line)]
    [InlineData(MessageFraming.Nul)]
    [InlineData(MessageFraming.Len32)]
    public async Task OneByteAtATime_IsReceivedWhole(MessageFraming framing)
    {
        await using RawFrames raw = await RawFrames.OpenAsync(framing);
        Task<byte[]> receive = raw.ReceiveAsync();
        byte[] frame = RawFrames.Frame(framing, 1, 2, 3, 4, 5);
        foreach (byte value in frame.AsSpan()[..^1].ToArray())
        {
            await raw.SendAsync(value);
            Assert.False(raw.Channel.TryReceive(new byte[16], out _));
            Assert.False(receive.IsCompleted);
        }

        await raw.SendAsync(frame[^1]);
        Assert.Equal([1, 2, 3, 4, 5], await receive.Within());
    }

    [Theory]
    [InlineData(MessageFraming.Line)]
    [InlineData(MessageFraming.Nul)]
    [InlineData(MessageFraming.Len32)]
    public async Task TornFrame_IsCorrupt_AfterTheWholeOnes(MessageFraming framing)
    {
        await using RawFrames raw = await RawFrames.OpenAsync(framing);
        await raw.SendAsync([.. RawFrames.Frame(framing, 1, 2), .. RawFrames.Frame(framing, 3, 4, 5).AsSpan()[..^1]]);
        raw.Peer.Close();
        Assert.Equal([1, 2], await raw.ReceiveAsync());
        ConnectionException failure = await raw.FailsAsync(Reason.Corrupt);
        int came = RawFrames.Frame(framing, 3, 4, 5).Length - 1;
        Assert.Contains($"after {came} bytes", failure.Message, StringComparison.Ordinal);
        await raw.FailsAsync(Reason.Corrupt);
        await Assert.ThrowsAsync<ConnectionException>(() => raw.Channel.WaitToReceiveAsync().Within());
    }

    [Theory]
    [InlineData(MessageFraming.Line)]
    [InlineData(MessageFraming.Nul)]
    public async Task LineOverTheLimit_IsRefusedBeforeItsEndComes(MessageFraming framing)
    {
        const int Max = 100;
        await using RawFrames raw = await RawFrames.OpenAsync(framing, Max);
        byte[] longest = [.. Enumerable.Repeat((byte)7, Max)];
        await raw.SendAsync([.. RawFrames.Frame(framing, longest), .. longest]);
        Assert.Equal(longest, await raw.ReceiveAsync());
        Assert.False(raw.Channel.TryReceive(new byte[Max], out _));
        Task wait = raw.Channel.WaitToReceiveAsync().AsTask();
        Assert.False(wait.IsCompleted);
        await raw.SendAsync(7);
        await Assert.ThrowsAsync<ConnectionException>(() => wait.Within());
        await raw.FailsAsync(Reason.TooLarge);
        await raw.SendAsync(RawFrames.Frame(framing, 1));
        ConnectionException failure = await raw.FailsAsync(Reason.TooLarge);
        Assert.Contains($"the limit of {Max}", failure.Message, StringComparison.Ordinal);
        Assert.Equal(0, failure.MessageLength);
    }

    [Theory]
    [InlineData(1025u)]
    [InlineData(1024u * 1024 * 1024)]
    [InlineData(int.MaxValue)]
    [InlineData(0x80000000u)]
    [InlineData(uint.MaxValue)]
    public async Task HeaderThatLies_IsRefused(uint length)
    {
        await using RawFrames raw = await RawFrames.OpenAsync(MessageFraming.Len32);
        byte[] header = new byte[4];
        BinaryPrimitives.WriteUInt32BigEndian(header, length);
        await raw.SendAsync([.. RawFrames.Frame(MessageFraming.Len32, 5), .. header]);
        Assert.Equal([5], await raw.ReceiveAsync());
        ConnectionException failure = await raw.FailsAsync(Reason.TooLarge);
        Assert.Contains($"{length} bytes", failure.Message, StringComparison.Ordinal);
        Assert.Contains("the limit of 1024", failure.Message, StringComparison.Ordinal);
        Assert.Equal((long)length, failure.MessageLength);
        Assert.Equal((long)length, (await raw.FailsAsync(Reason.TooLarge)).MessageLength);
    }

    [Fact]
    public async Task BufferTooSmall_TheMessageStays_AlsoForABatch()
    {
        await using RawFrames raw = await RawFrames.OpenAsync(MessageFraming.Line);
        await raw.SendAsync(Encoding.ASCII.GetBytes("ab\nlong one\nc\n"));
        var batch = new MessageBatch(4, 2);
        Assert.Equal(1, await raw.Channel.ReceiveBatchAsync(batch).Within());
        await Assert.ThrowsAsync<ConnectionException>(() => raw.Channel.ReceiveBatchAsync(batch).Within());
        Assert.Throws<ConnectionException>(() => raw.Channel.TryReceive(new byte[7], out _));
        Assert.Equal("long one"u8.ToArray(), await raw.ReceiveAsync());
        Assert.Equal(1, await raw.Channel.ReceiveBatchAsync(batch).Within());
        Assert.Equal("c"u8.ToArray(), batch[0].Body.ToArray());
    }

    [Fact]
    public async Task Batch_TakesAllThatHasCome_UpToItsCapacity()
    {
        await using RawFrames raw = await RawFrames.OpenAsync(MessageFraming.Line);
        await raw.SendAsync("1\n2\n3\n4\n5\nrest"u8.ToArray());
        var batch = new MessageBatch(3, 16);
        Assert.Equal(3, await raw.Channel.ReceiveBatchAsync(batch).Within());
        Assert.Equal(2, await raw.Channel.ReceiveBatchAsync(batch).Within());
        Assert.Equal("5"u8.ToArray(), batch[1].Body.ToArray());
        await raw.SendAsync("\n"u8.ToArray());
        Assert.Equal("rest"u8.ToArray(), await raw.ReceiveAsync());
    }

    [Fact]
    public async Task FramesAcrossReads_OfAnySize_AreWhole()
    {
        await using RawFrames raw = await RawFrames.OpenAsync(MessageFraming.Len32, 1024 * 1024);
        int[] sizes = [1, 4095, 4096, 4097, 65_536, 262_143, 262_144, 1_000_000, 0, 3];
        Task send = raw.SendAsync([.. sizes.SelectMany(size => RawFrames.Frame(MessageFraming.Len32, Payload.Random(size, size)))]);
        foreach (int size in sizes)
            Assert.Equal(Payload.Random(size, size), await raw.ReceiveAsync());
        await send.Within();
    }

    [Theory]
    [InlineData(MessageFraming.Line)]
    [InlineData(MessageFraming.Nul)]
    [InlineData(MessageFraming.Len32)]
    public async Task PeerKilledWithinAFrame_IsNeverAMessage(MessageFraming framing)
    {
        byte[] beginning = [.. RawFrames.Frame(framing, 65, 66), .. RawFrames.Frame(framing, 67, 68, 69).AsSpan()[..^1]];
        string octal = string.Concat(beginning.Select(static value => "\\" + Convert.ToString(value, 8).PadLeft(3, '0')));
        var program = new ProcessEndPoint("sh", "-c", "printf \"$1\"; kill -9 $$", "sh", octal);
        await using MessageChannel channel = await MessageChannel.OpenAsync(program, new MessageChannelOptions { Framing = framing }).Within();
        Assert.Equal([65, 66], await RawFrames.ReceiveAsync(channel));
        ConnectionException failure = await Assert.ThrowsAsync<ConnectionException>(() => channel.ReceiveAsync(new byte[16]).Within());
        Assert.Equal(Step.Receive, failure.Step);
        Assert.True(failure.Reason is Reason.Corrupt or Reason.PeerDied, failure.ToString());
    }

    [Fact]
    public async Task Program_ThatSendsBack_TalksInFrames()
    {
        await using MessageChannel channel = await MessageChannel.OpenAsync(
            new ProcessEndPoint("cat"), new MessageChannelOptions { Framing = MessageFraming.Nul }).Within();
        await channel.SendAsync("with\na line feed"u8.ToArray()).Within();
        await channel.SendAsync(ReadOnlyMemory<byte>.Empty).Within();
        Assert.Equal("with\na line feed"u8.ToArray(), await RawFrames.ReceiveAsync(channel));
        Assert.Empty(await RawFrames.ReceiveAsync(channel));
        await channel.CompleteSendsAsync().Within();
        Assert.True((await channel.ReceiveAsync(new byte[1]).Within()).IsEnd);
    }
}
