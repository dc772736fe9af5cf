using System.Buffers;
using System.IO.Pipelines;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using Parley.Transports.SharedMemory;

namespace Parley.Tests.SharedMemory;

/// <summary>What is particular to bytes in a ring: where they are, and what happens where it is too small.</summary>
public sealed class ByteRingTests
{
    private const int Capacity = SharedLayout.SmallestCapacity;

    [Fact]
    public async Task GetMemory_LessThanIsFree_IsInTheRing()
    {
        await using BytePair pair = BytePair.Connect();

        Memory<byte> memory = pair.Client.Output.GetMemory(100);
        "there"u8.CopyTo(memory.Span);
        pair.Client.Output.Advance(5);
        await pair.Client.Output.FlushAsync().Within();
        ReadResult result = await pair.Server.Input.ReadAsync().Within();

        Assert.Equal(Capacity, memory.Length);
        Assert.True(MemoryMarshal.TryGetMemoryManager<byte, RingView>(memory, out _));
        Assert.True(result.Buffer.IsSingleSegment);
        Assert.True(MemoryMarshal.TryGetMemoryManager<byte, RingView>(result.Buffer.First, out _));
        Assert.Equal("there"u8.ToArray(), result.Buffer.ToArray());
        pair.Server.Input.AdvanceTo(result.Buffer.End);
    }

    /// <summary>Nothing has to be put together where it runs over the ring's end.</summary>
    [Fact]
    public async Task ReadAsync_OverTheRingsEnd_IsOneSegment()
    {
        await using BytePair pair = BytePair.Connect();
        byte[] bytes = Payload.Random(3000);
        for (int i = 0; i < 100; i++)
        {
            await Talk.SendAsync(pair.Client, bytes).Within();
            ReadResult result = await pair.Server.Input.ReadAsync().Within();
            Assert.True(result.Buffer.IsSingleSegment);
            Assert.Equal(bytes, result.Buffer.ToArray());
            pair.Server.Input.AdvanceTo(result.Buffer.End);
        }
    }

    [Fact]
    public async Task GetMemory_MoreThanTheRingHolds_FollowsAsRoomComes()
    {
        await using BytePair pair = BytePair.Connect();
        byte[] bytes = Payload.Random(10 * Capacity);
        bytes.CopyTo(pair.Client.Output.GetSpan(bytes.Length));
        pair.Client.Output.Advance(bytes.Length);
        Task flush = pair.Client.Output.FlushAsync().AsTask();
        Assert.False(flush.IsCompleted);

        Assert.Equal(bytes, await Talk.ReadExactlyInPiecesAsync(pair.Server, bytes.Length).Within());

        await flush.Within();
        Assert.Equal(0, pair.Client.Output.UnflushedBytes);
    }

    /// <summary>Some of it in the ring, and then more than is left there.</summary>
    [Fact]
    public async Task GetMemory_MoreThanIsLeft_KeepsTheOrder()
    {
        await using BytePair pair = BytePair.Connect();
        byte[] bytes = Payload.Random(2 * Capacity);
        foreach ((int from, int to) in new[] { (0, 1000), (1000, 5000), (5000, 5001), (5001, 2 * Capacity) })
        {
            bytes.AsSpan(from, to - from).CopyTo(pair.Client.Output.GetSpan(to - from));
            pair.Client.Output.Advance(to - from);
        }

        Assert.Equal(bytes.Length, pair.Client.Output.UnflushedBytes);
        Task ended = pair.Client.CompleteWritesAsync().AsTask();

        Assert.Equal(bytes, await Talk.ReadToEndAsync(pair.Server).Within());
        await ended.Within();
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task ReadAsync_WantsMoreThanTheRingHolds_GetsIt(bool inline)
    {
        await using BytePair pair = BytePair.Connect(Capacity, inline);
        byte[] bytes = Payload.Random(20 * Capacity + 17);
        Task sent = Talk.SendAndEndAsync(pair.Client, bytes);

        ReadResult result = await pair.Server.Input.ReadAtLeastAsync(10 * Capacity).Within();
        Assert.Equal(bytes[..(10 * Capacity)], result.Buffer.Slice(0, 10 * Capacity).ToArray());
        pair.Server.Input.AdvanceTo(result.Buffer.GetPosition(5 * Capacity));

        Assert.Equal(bytes[(5 * Capacity)..], await Talk.ReadToEndAsync(pair.Server).Within());
        await sent.Within();
        Assert.Equal(bytes.Length, pair.Server.Statistics.BytesReceived);
    }

    /// <summary>Guards a lost wake-up, where the ring is full or empty all the time.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Conversation_BothWaysThroughASmallRing_ArrivesUnharmed(bool inline)
    {
        await using BytePair pair = BytePair.Connect(Capacity, inline);
        byte[] forth = Payload.Random(8 * 1024 * 1024, seed: 4);
        byte[] back = Payload.Random(8 * 1024 * 1024, seed: 5);

        Task<byte[]> atServer = Talk.HashToEndAsync(pair.Server);
        Task<byte[]> atClient = Talk.HashToEndAsync(pair.Client);
        await Task.WhenAll(Talk.SendAndEndAsync(pair.Client, forth), Talk.SendAndEndAsync(pair.Server, back)).Within(Limits.Transfer);

        Assert.Equal(SHA256.HashData(forth), await atServer.Within(Limits.Transfer));
        Assert.Equal(SHA256.HashData(back), await atClient.Within(Limits.Transfer));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Conversation_AnyPiecesWrittenAndTakenAnyhow_ArriveInOrder(bool inline)
    {
        await using BytePair pair = BytePair.Connect(Capacity, inline);
        byte[] bytes = Payload.Random(4 * 1024 * 1024, seed: 6);
        Task write = Task.Run(() => WriteAnyhowAsync(pair.Client, bytes, new Random(7)));

        byte[] received = await Task.Run(() => ReadAnyhowAsync(pair.Server, bytes.Length, new Random(8))).Within(Limits.Transfer);

        await write.Within();
        Assert.Equal(bytes, received);
    }

    [Fact]
    public async Task WaitForDeliveryAsync_PeerReadsLate_EndsWhenItHasGivenBack()
    {
        await using BytePair pair = BytePair.Connect();
        await Talk.SendAsync(pair.Client, "read").Within();
        Task delivered = pair.Client.WaitForDeliveryAsync().AsTask();
        Assert.False(delivered.IsCompleted);

        Assert.Equal("read", await Talk.ReadTextAsync(pair.Server, 4).Within());

        await delivered.Within();
    }

    /// <summary>Who is in the middle of a copy when another thread aborts comes to no harm.</summary>
    [Fact]
    public async Task Abort_WhileMemoryIsInHand_LeavesItMapped()
    {
        for (int round = 0; round < 50; round++)
        {
            await using BytePair pair = BytePair.Connect();
            await Talk.SendAsync(pair.Client, new byte[100]).Within();
            ReadResult result = await pair.Server.Input.ReadAsync().Within();
            Memory<byte> toFill = pair.Server.Output.GetMemory(Capacity);

            if (round % 2 == 0)
                pair.Server.Abort();
            else
                await Task.WhenAll(pair.Client.DisposeAsync().AsTask(), pair.Server.DisposeAsync().AsTask()).Within();

            Assert.Equal(100, result.Buffer.ToArray().Length);
            toFill.Span.Fill(1);
            pair.Server.Output.Advance(100);
            pair.Server.Input.AdvanceTo(result.Buffer.End);
            await Assert.ThrowsAsync<ConnectionException>(() => pair.Server.Input.ReadAsync().Within());
            await Assert.ThrowsAnyAsync<Exception>(() => pair.Server.Output.FlushAsync().Within());
        }
    }

    [Fact]
    public async Task Abort_WhileBothSidesCopy_EndsThem()
    {
        for (int round = 0; round < 100; round++)
        {
            await using BytePair pair = BytePair.Connect(64 * 1024);
            Task write = Task.Run(() => WriteForeverAsync(pair.Client));
            Task read = Task.Run(() => Talk.HashToEndAsync(pair.Server));
            await Eventually.TrueAsync(() => pair.Server.Statistics.BytesReceived > 100_000, "the bytes flow");

            (round % 2 == 0 ? pair.Client : pair.Server).Abort();

            Assert.IsType<ConnectionException>(await Record.ExceptionAsync(() => write.Within()));
            Assert.IsType<ConnectionException>(await Record.ExceptionAsync(() => read.Within()));
        }
    }

    private static async Task WriteForeverAsync(Connection connection)
    {
        byte[] bytes = new byte[100_000];
        while (true)
            await connection.Output.WriteAsync(bytes).ConfigureAwait(false);
    }

    private static async Task WriteAnyhowAsync(Connection connection, byte[] bytes, Random random)
    {
        for (int at = 0; at < bytes.Length;)
        {
            int size = Math.Min(bytes.Length - at, random.Next(4) == 0 ? random.Next(1, 3 * Capacity) : random.Next(1, 200));
            if (random.Next(2) == 0)
            {
                await connection.Output.WriteAsync(bytes.AsMemory(at, size)).ConfigureAwait(false);
            }
            else
            {
                bytes.AsSpan(at, size).CopyTo(connection.Output.GetSpan(size));
                connection.Output.Advance(size);
                if (random.Next(2) == 0)
                    await connection.Output.FlushAsync().ConfigureAwait(false);
            }

            at += size;
        }

        await connection.CompleteWritesAsync().ConfigureAwait(false);
    }

    private static async Task<byte[]> ReadAnyhowAsync(Connection connection, int size, Random random)
    {
        var all = new ArrayBufferWriter<byte>(size);
        while (true)
        {
            ReadResult result = await connection.Input.ReadAsync().ConfigureAwait(false);
            ReadOnlySequence<byte> buffer = result.Buffer;
            long take = result.IsCompleted || random.Next(2) == 0 ? buffer.Length : random.NextInt64(buffer.Length + 1);
            foreach (ReadOnlyMemory<byte> segment in buffer.Slice(0, take))
                all.Write(segment.Span);

            // Sometimes more is wanted though not all was taken, sometimes not.
            SequencePosition to = buffer.GetPosition(take);
            connection.Input.AdvanceTo(to, random.Next(3) == 0 ? buffer.End : to);
            if (result.IsCompleted)
                return all.WrittenSpan.ToArray();
        }
    }
}
