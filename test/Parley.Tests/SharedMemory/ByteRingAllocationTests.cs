using System.IO.Pipelines;

namespace Parley.Tests.SharedMemory;

/// <summary>Where nobody has to wait, nothing is allocated and nothing is asynchronous.</summary>
[Collection(nameof(Alone))]
public sealed class ByteRingAllocationTests
{
    [Theory]
    [InlineData(64)]
    [InlineData(65536)]
    public async Task WriteAndRead_WithoutAWait_AllocateNothing(int size)
    {
        await using BytePair pair = BytePair.Connect(1024 * 1024);
        byte[] bytes = Payload.Random(size);
        Run(pair, bytes, rounds: 1000);

        long before = GC.GetAllocatedBytesForCurrentThread();
        Run(pair, bytes, rounds: 1000);

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    /// <summary>Both sides wait again and again.</summary>
    [Fact]
    public async Task Stream_ThroughASmallRing_AllocatesNothing()
    {
        await using BytePair pair = BytePair.Connect();
        byte[] bytes = new byte[1024 * 1024];
        await MoveAsync(pair, bytes, times: 20).Within(Limits.Transfer);

        long before = GC.GetTotalAllocatedBytes(precise: true);
        await MoveAsync(pair, bytes, times: 20).Within(Limits.Transfer);
        long allocated = GC.GetTotalAllocatedBytes(precise: true) - before;

        // The tasks of the test itself, and the tick of a timer; there are thousands of waits.
        Assert.True(allocated < 64 * 1024, $"{allocated} bytes");
    }

    private static void Run(BytePair pair, byte[] bytes, int rounds)
    {
        for (int round = 0; round < rounds; round++)
        {
            bytes.CopyTo(pair.Client.Output.GetSpan(bytes.Length));
            pair.Client.Output.Advance(bytes.Length);
            IsDone(pair.Client.Output.FlushAsync());
            IsTaken(pair.Server.Input, bytes.Length);
            IsDone(pair.Client.Output.WriteAsync(bytes));
            IsTaken(pair.Server.Input, bytes.Length);
        }
    }

    private static void IsDone(ValueTask<FlushResult> flush)
    {
        if (!flush.IsCompletedSuccessfully || flush.Result.IsCanceled)
            throw new InvalidOperationException("the flush waits");
    }

    private static void IsTaken(PipeReader input, int size)
    {
        if (!input.TryRead(out ReadResult result) || result.Buffer.Length != size)
            throw new InvalidOperationException("not all is there");
        input.AdvanceTo(result.Buffer.End);
    }

    private static async Task MoveAsync(BytePair pair, byte[] bytes, int times)
    {
        Task read = ReadAsync(pair.Server, (long)bytes.Length * times);
        for (int i = 0; i < times; i++)
            await pair.Client.Output.WriteAsync(bytes).ConfigureAwait(false);
        await read.ConfigureAwait(false);
    }

    private static async Task ReadAsync(Connection connection, long size)
    {
        while (size > 0)
        {
            ReadResult result = await connection.Input.ReadAsync().ConfigureAwait(false);
            size -= result.Buffer.Length;
            connection.Input.AdvanceTo(result.Buffer.End);
        }
    }
}
