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

    /// <summary>The way without a call has other parts for each length, and is open for as many as have been cleared.</summary>
    [Fact]
    public void EachLengthOfALine_ArrivesWhole_AndNothingBesideIt()
    {
        byte[] buffer = new byte[SharedLayout.LongestInALine + 1];
        int byLine = 0;
        for (int i = 0; i < 1000; i++)
        {
            int length = RingCopy.ShortestInParts + (i % (SharedLayout.LongestInALine + 1 - RingCopy.ShortestInParts));
            byte[] sent = Payload.Random(length, seed: i);
            bool isLine = _writer.TryPutLine(ref sent[0], (nuint)length);
            byLine += isLine ? 1 : 0;
            Assert.True(isLine || _writer.TryPut(sent));
            Assert.False(_reader.TryTakeLine(buffer.AsSpan(0, length - 1), out _));
            buffer.AsSpan().Fill(0xA5);
            if (!_reader.TryTakeLine(buffer, out int taken))
                Assert.Equal(RingTake.Taken, _reader.TryTake(buffer, out taken));
            Assert.Equal(length, taken);
            Assert.True(sent.AsSpan().SequenceEqual(buffer.AsSpan(0, length)), $"of {length} bytes some are others");
            Assert.Equal(-1, buffer.AsSpan(length).IndexOfAnyExcept((byte)0xA5));
            _reader.GiveBack();
        }

        Assert.True(byLine > 900, $"{byLine} of 1000 went without a call");
        Assert.Equal((1000, 1000), (_writer.Messages, _reader.Messages));
        Assert.Equal(_writer.Bytes, _reader.Bytes);
    }

    /// <summary>Where one is sent for each that comes, the next goes without a call as well.</summary>
    [Fact]
    public void InTurns_EachGoesWithoutACall()
    {
        RingMemory back = _segment.Ring(1);
        var answers = new MessageRingReader(back);
        var answering = new MessageRingWriter(back);
        var writer = new MessageRingWriter(_memory, answers);
        byte[] message = new byte[SharedLayout.LongestInALine];
        int called = 0;
        for (int i = 0; i < 2000; i++)
        {
            if (!writer.TryPutLine(ref message[0], (nuint)message.Length))
            {
                called++;
                Assert.True(writer.TryPut(message));
            }

            if (writer.Continues)
                writer.Continue();
            Assert.Equal(RingTake.Taken, _reader.TryTake(message, out _));
            _reader.GiveBack();
            Assert.True(answering.TryPut(message));
            Assert.Equal(RingTake.Taken, answers.TryTake(message, out _));
            answers.GiveBack();
        }

        Assert.True(writer.Continues);
        Assert.InRange(called, 1, 200);
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

    /// <summary>What was there a lap ago must never be taken again, however the headers of those to come are cleared: many at once, one by one, or before a longer message.</summary>
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void InTurnsAndInARow_EachIsTakenOnce(int seed)
    {
        RingMemory back = _segment.Ring(1);
        var answers = new MessageRingReader(back);
        var answering = new MessageRingWriter(back);
        var writer = new MessageRingWriter(_memory, answers);
        var random = new Random(seed);
        byte[] buffer = new byte[Capacity];
        int sent = 0;
        int taken = 0;
        for (int stretch = 0; stretch < 3000; stretch++)
        {
            bool isAnswered = random.Next(2) == 0;
            int often = random.Next(1, 60);
            for (int i = 0; i < often; i++)
            {
                byte[] message = new byte[random.Next(10) == 0 ? random.Next(4, 300) : random.Next(RingCopy.ShortestInParts, SharedLayout.LongestInALine + 1)];
                BitConverter.TryWriteBytes(message, sent);
                bool isLine = message.Length is >= RingCopy.ShortestInParts and <= SharedLayout.LongestInALine && writer.TryPutLine(ref message[0], (nuint)message.Length);
                if (!isLine && !writer.TryPut(message))
                    break;
                if (writer.Continues)
                    writer.Continue();
                sent++;
                if (!isAnswered)
                    continue;
                TakeAll(buffer, sent, ref taken);
                Assert.True(answering.TryPut(message));
                Assert.Equal(RingTake.Taken, answers.TryTake(buffer, out _));
                answers.GiveBack();
            }

            if (random.Next(3) != 0)
                TakeAll(buffer, sent, ref taken);
        }

        TakeAll(buffer, sent, ref taken);
        Assert.Equal((sent, sent), (writer.Messages, _reader.Messages));
        Assert.True(answers.Messages > 10_000);
    }

    private void TakeAll(byte[] buffer, int sent, ref int taken)
    {
        for (; taken < sent; taken++)
        {
            if (!_reader.TryTakeLine(buffer, out _))
                Assert.Equal(RingTake.Taken, _reader.TryTake(buffer, out _));
            Assert.Equal(taken, BitConverter.ToInt32(buffer));
        }

        Assert.Equal(RingTake.Nothing, _reader.TryTake(buffer, out _));
        _reader.GiveBack();
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
