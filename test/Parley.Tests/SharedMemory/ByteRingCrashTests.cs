using System.Buffers;
using System.Globalization;
using System.IO.Pipelines;

namespace Parley.Tests.SharedMemory;

/// <summary>A writer of another language, in a process that is killed or stopped at any moment.</summary>
public sealed class ByteRingCrashTests : IDisposable
{
    private const long Endless = long.MaxValue;

    private readonly TestFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    /// <summary>What it says to have published it has, and all of that is read before its death is told.</summary>
    [Fact]
    public async Task Kill_AtAnyMoment_AllThatWasPublishedIsReadAndThenPeerDied()
    {
        var random = new Random(1);
        await using ConnectionListener listener = await ListenAsync();
        for (int round = 0; round < 20; round++)
        {
            await using CProgram writer = await WriteAsync(Endless, seed: round);
            Connection connection = (await listener.AcceptAsync().Within())!;
            var counting = new Counting();
            await counting.ReadUntilAsync(connection, random.Next(1, 3_000_000)).Within();

            // Where it stands still, the ring is full.
            if (round % 2 == 0)
                await Task.Delay(random.Next(20));
            string[] said = (await writer.KillAsync()).Split('\n', StringSplitOptions.RemoveEmptyEntries);

            ConnectionException failure = await Assert.ThrowsAsync<ConnectionException>(() => counting.ReadUntilAsync(connection, Endless).Within());
            Assert.True((failure.Step, failure.Reason) == (Step.Read, Reason.PeerDied), $"{failure}");
            Assert.True(counting.Total >= long.Parse(said[^1], CultureInfo.InvariantCulture), $"{counting.Total} of {said[^1]} bytes");
            await connection.DisposeAsync().Within();
        }
    }

    [Fact]
    public async Task Stop_AndGoOn_LosesNothing()
    {
        const long Size = 30_000_001;
        var random = new Random(2);
        await using ConnectionListener listener = await ListenAsync();
        await using CProgram writer = await WriteAsync(Size, seed: 3);
        Connection connection = (await listener.AcceptAsync().Within())!;
        var counting = new Counting();
        for (int round = 0; round < 20; round++)
        {
            await counting.ReadUntilAsync(connection, random.NextInt64(counting.Total, Size * round / 20 + 1)).Within();
            await writer.StopAsync();

            // All there is, and then a wait.
            while (connection.Input.TryRead(out ReadResult result))
                counting.Take(connection, result);
            Task<ReadResult> read = connection.Input.ReadAsync().AsTask();
            Assert.False(read.IsCompleted);
            writer.GoOn();
            counting.Take(connection, await read.Within());
        }

        await counting.ReadUntilAsync(connection, Endless).Within(Limits.Transfer);

        Assert.Equal(Size, counting.Total);
        await connection.DisposeAsync().Within();
        await writer.OutputAsync();
    }

    private async Task<ConnectionListener> ListenAsync()
        => await ConnectionListener.BindAsync(new SharedMemoryEndPoint(_folder["s"]), new ListenerOptions { RingSize = 65536 }).Within();

    private Task<CProgram> WriteAsync(long size, int seed)
        => CProgram.StartAsync("shm_bytes_writer", _folder["s"], $"{size}", $"{seed}");

    /// <summary>What the writer says is checked as it comes.</summary>
    private sealed class Counting
    {
        public long Total { get; private set; }

        /// <summary>Reads so much in all, or to the end.</summary>
        public async Task ReadUntilAsync(Connection connection, long total)
        {
            while (Total < total)
            {
                ReadResult result = await connection.Input.ReadAsync();
                Take(connection, result);
                if (result.IsCompleted)
                    return;
            }
        }

        public void Take(Connection connection, in ReadResult result)
        {
            foreach (byte value in result.Buffer.ToArray())
            {
                if (value != (byte)((Total / 8) >> (int)(8 * (Total % 8))))
                    throw new InvalidDataException($"wrong at {Total}");
                Total++;
            }

            connection.Input.AdvanceTo(result.Buffer.End);
        }
    }
}
