using System.Buffers;
using System.IO.Pipelines;

namespace Parley.Tests.Connections;

/// <summary>One thread reads, one writes, and a third one ends it all at any moment.</summary>
public sealed class RaceTests
{
    private const int Rounds = 500;

    public static TheoryData<ChannelKind, bool> Channels => new()
    {
        { ChannelKind.Tcp4, false },
        { ChannelKind.Tcp4, true },
        { ChannelKind.UnixPath, false },
        { ChannelKind.UnixPath, true },
        { ChannelKind.Memory, false },
        { ChannelKind.SharedMemory, false },
        { ChannelKind.SharedMemory, true },
    };

    [Theory]
    [MemberData(nameof(Channels))]
    public async Task Abort_RacingWithCalls_EndsThemWithItsReasonOrAReset(ChannelKind kind, bool inline)
    {
        for (int round = 0; round < Rounds; round++)
        {
            await using Pair pair = await Pair.ConnectAsync(kind, inline);
            using var start = new Barrier(5);

            Task<Exception?>[] calls =
            [
                Task.Run(() => Starting(start, () => ReadAsync(pair.Client))),
                Task.Run(() => Starting(start, () => WriteAsync(pair.Client))),
                Task.Run(() => Starting(start, () => ReadAsync(pair.Server))),
                Task.Run(() => Starting(start, () => WriteAsync(pair.Server))),
            ];
            await Task.Run(() =>
            {
                start.SignalAndWait();
                Thread.SpinWait(round * 20);
                (round % 2 == 0 ? pair.Client : pair.Server).Abort();
            }).Within();

            foreach (Exception? failure in await Task.WhenAll(calls).Within())
                Assert.True(failure is null or ConnectionException { Reason: Reason.Aborted or Reason.Reset }, $"round {round}: {failure}");
        }
    }

    /// <summary>
    /// What arrives is what was written, as far as it goes: nothing twice, nothing out of order. Where it is not all of it, the peer sees no
    /// clean end, or who wrote it is told.
    /// </summary>
    [Theory]
    [MemberData(nameof(Channels))]
    public async Task DisposeAsync_RacingWithAFlush_SendsNothingTwiceAndLosesNothingInSilence(ChannelKind kind, bool inline)
    {
        byte[] message = Payload.Random(20_000);
        for (int round = 0; round < Rounds; round++)
        {
            await using Pair pair = await Pair.ConnectAsync(kind, inline);
            using var start = new Barrier(2);
            Task<(byte[] Bytes, bool IsBroken)> received = ReadWhatComesAsync(pair.Server);

            Task<Exception?> flush = Task.Run(() => Starting(start, async () =>
            {
                message.CopyTo(pair.Client.Output.GetSpan(message.Length));
                pair.Client.Output.Advance(message.Length);
                await pair.Client.Output.FlushAsync().ConfigureAwait(false);
            }));
            Task<Exception?> close = Task.Run(() => Starting(start, async () =>
            {
                Thread.SpinWait(round * 5);
                await pair.Client.DisposeAsync().ConfigureAwait(false);
            }));

            (byte[] bytes, bool isBroken) = await received.Within();
            await Record.ExceptionAsync(() => pair.Server.DisposeAsync().Within());
            Exception? flushed = await flush.Within();
            Exception? closed = await close.Within();
            string what = $"round {round}: {bytes.Length} bytes, broken: {isBroken}, flush: {flushed}, dispose: {closed}";
            Assert.True(flushed is null or InvalidOperationException or ConnectionException, what);
            Assert.True(closed is null or ConnectionException, what);
            Assert.True(message.AsSpan().StartsWith(bytes), what);
            Assert.True(bytes.Length == message.Length || flushed is not null || closed is not null, what);
            Assert.True(bytes.Length == message.Length || bytes.Length == 0 || isBroken, what);
        }
    }

    private static async Task<(byte[] Bytes, bool IsBroken)> ReadWhatComesAsync(Connection connection)
    {
        var all = new ArrayBufferWriter<byte>();
        try
        {
            while (true)
            {
                ReadResult result = await connection.Input.ReadAsync().ConfigureAwait(false);
                foreach (ReadOnlyMemory<byte> segment in result.Buffer)
                    all.Write(segment.Span);
                connection.Input.AdvanceTo(result.Buffer.End);
                if (result.IsCompleted)
                    return (all.WrittenSpan.ToArray(), false);
            }
        }
        catch (ConnectionException)
        {
            return (all.WrittenSpan.ToArray(), true);
        }
    }

    private static async Task<Exception?> Starting(Barrier start, Func<Task> act)
    {
        start.SignalAndWait();
        return await Record.ExceptionAsync(() => act().Within()).ConfigureAwait(false);
    }

    private static async Task ReadAsync(Connection connection)
    {
        while (true)
        {
            ReadResult result = await connection.Input.ReadAsync().ConfigureAwait(false);
            connection.Input.AdvanceTo(result.Buffer.End);
            if (result.IsCompleted)
                return;
        }
    }

    private static async Task WriteAsync(Connection connection)
    {
        byte[] bytes = new byte[1000];
        while (true)
            await connection.Output.WriteAsync(bytes).ConfigureAwait(false);
    }
}
