using Parley.Interop.Linux;
using Parley.Transports.SharedMemory;

namespace Parley.Tests.SharedMemory;

/// <summary>A ring of messages alone: what its writer puts there its reader takes, and what cannot be is found out.</summary>
public sealed unsafe class MessageRingTests : IDisposable
{
    private const int Capacity = 4096;

    private readonly Segment _segment;
    private readonly RingMemory _memory;
    private readonly MessageRingWriter _writer;
    private readonly MessageRingReader _reader;

    public MessageRingTests()
    {
        _segment = Segment.Create(Capacity, out DescriptorHandle handle);
        handle.Dispose();
        _memory = _segment.Ring(0);
        _writer = new MessageRingWriter(_memory);
        _reader = new MessageRingReader(_memory);
    }

    public void Dispose() => _segment.Dispose();

    [Fact]
    public void EachLength_ArrivesWhole_AndNothingBesideIt()
    {
        byte[] buffer = new byte[Capacity];
        for (int length = 0; length <= SharedLayout.LongestMessage(Capacity); length++)
        {
            byte[] sent = Payload.Random(length, seed: length);
            Assert.True(_writer.TryPut(sent));
            buffer.AsSpan().Fill(0xA5);
            Assert.Equal(RingTake.Taken, _reader.TryTake(buffer, out int taken));
            Assert.Equal(length, taken);
            Assert.True(sent.AsSpan().SequenceEqual(buffer.AsSpan(0, length)), $"of {length} bytes some are others");
            Assert.Equal(-1, buffer.AsSpan(length).IndexOfAnyExcept((byte)0xA5));
            _reader.GiveBack();
        }

        Assert.Equal(RingTake.Nothing, _reader.TryTake(buffer, out _));
    }

    [Fact]
    public void Full_TakesNoMore_UntilRoomIsGivenBack()
    {
        int sent = 0;
        while (_writer.TryPut(BitConverter.GetBytes(sent)))
            sent++;

        // One line stays free, for the header after the last record.
        Assert.Equal((Capacity / 64) - 1, sent);
        byte[] buffer = new byte[8];
        Assert.Equal(RingTake.Taken, _reader.TryTake(buffer, out _));
        Assert.False(_writer.HasRoom(4));
        _reader.GiveBack();
        Assert.True(_writer.HasRoom(4));
        Assert.False(_writer.HasRoom(57));
        for (int i = 1; i < sent; i++)
        {
            Assert.Equal(RingTake.Taken, _reader.TryTake(buffer, out _));
            Assert.Equal(i, BitConverter.ToInt32(buffer));
        }

        Assert.Equal((sent, sent), (_writer.Messages, _reader.Messages));
    }

    [Fact]
    public void BufferTooSmall_TheMessageStays()
    {
        Assert.True(_writer.TryPut(new byte[100]));
        Assert.Equal(RingTake.TooLarge, _reader.TryTake(new byte[99], out int length));
        Assert.Equal(100, length);
        Assert.Equal(RingTake.Taken, _reader.TryTake(new byte[100], out _));
    }

    [Theory]
    [InlineData(2ul)]
    [InlineData(112ul)]
    [InlineData(((Capacity / 2) - 7) * 2 | 1ul)]
    [InlineData(0x1_0000_0001ul)]
    [InlineData(0x2_0000_0001ul)]
    [InlineData(ulong.MaxValue)]
    public void LyingHeader_IsFoundOut(ulong header)
    {
        *(ulong*)_memory.Data = header;
        Assert.Equal(RingTake.Corrupt, _reader.TryTake(new byte[Capacity], out _));
        Assert.False(_reader.Drop());
    }

    [Theory]
    [InlineData(64ul)]
    [InlineData(ulong.MaxValue)]
    [InlineData(1ul << 63)]
    public void LyingHead_IsFoundOut(ulong head)
    {
        *(ulong*)(_memory.Control + SharedLayout.Head) = head;
        Assert.Equal(0, _writer.NotTaken);
        Assert.True(_writer.IsCorrupt);
    }
}
