using System.Buffers;
using System.IO.Pipelines;

namespace Parley.Tests.Pacing;

public sealed class PacedConnectionTests : IAsyncDisposable
{
    private const int Rate = 1000;
    private const int Bucket = Rate / 4;

    private readonly ManualTime _time = new();
    private readonly Connection _paced;
    private readonly Connection _peer;

    public PacedConnectionTests()
    {
        (Connection first, _peer) = Connection.CreatePair();
        _paced = new PacedConnection(first, Rate, _time);
    }

    public async ValueTask DisposeAsync()
    {
        _paced.Abort();
        _peer.Abort();
        await _paced.DisposeAsync().Within();
        await _peer.DisposeAsync().Within();
    }

    [Fact]
    public async Task WriteAsync_MoreThanTheBucket_GoesBitByBit()
    {
        byte[] bytes = Payload.Random(1000);
        Task write = Talk.SendAsync(_paced, bytes);

        Assert.Equal(Bucket, await HeardAsync());
        Assert.False(write.IsCompleted);
        await WaitsAsync();
        _time.Advance(TimeSpan.FromMilliseconds(250));
        await Eventually.TrueAsync(() => _peer.Input.TryRead(out ReadResult heard) && Look(heard) == 2 * Bucket, "as much again");
        await AdvanceUntilAsync(write);

        Assert.Equal(bytes, await Talk.ReadExactlyAsync(_peer, bytes.Length).Within());
    }

    [Fact]
    public async Task WriteAsync_Cancelled_KeepsWhatWasNotSentForTheNextFlush()
    {
        byte[] bytes = Payload.Random(1000);
        using var cancel = new CancellationTokenSource();
        Task write = _paced.Output.WriteAsync(bytes, cancel.Token).AsTask();
        Assert.Equal(Bucket, await HeardAsync());
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => write.Within());
        Assert.Equal(bytes.Length - Bucket, _paced.Output.UnflushedBytes);

        Task flush = _paced.Output.FlushAsync().AsTask();
        await AdvanceUntilAsync(flush);

        Assert.Equal(bytes, await Talk.ReadExactlyAsync(_peer, bytes.Length).Within());
    }

    [Fact]
    public async Task FlushAsync_BytesPutIntoTheBuffer_GoBitByBitToo()
    {
        byte[] bytes = Payload.Random(1000);
        _paced.Output.Write(bytes);
        Assert.Equal(bytes.Length, _paced.Output.UnflushedBytes);
        Task end = _paced.CompleteWritesAsync().AsTask();

        Assert.Equal(Bucket, await HeardAsync());
        Assert.False(end.IsCompleted);
        await AdvanceUntilAsync(end);

        Assert.Equal(bytes, await Talk.ReadToEndAsync(_peer).Within());
    }

    [Fact]
    public async Task FlushAsync_GivenUpAndRepeated_LosesAndDoublesNothing()
    {
        byte[] bytes = Payload.Random(1000);
        using var giveUp = new CancellationTokenSource();
        _paced.Output.Write(bytes);
        Task flush = _paced.Output.FlushAsync(giveUp.Token).AsTask();
        await giveUp.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => flush.Within());
        Assert.Equal(bytes.Length - Bucket, _paced.Output.UnflushedBytes);

        await AdvanceUntilAsync(_paced.CompleteWritesAsync().AsTask());

        Assert.Equal(bytes, await Talk.ReadToEndAsync(_peer).Within());
    }

    [Fact]
    public async Task ReadAsync_MoreThanTheBucket_IsShownBitByBit()
    {
        byte[] bytes = Payload.Random(1000);
        await Talk.SendAndEndAsync(_peer, bytes).Within();
        ReadResult first = await _paced.Input.ReadAsync().AsTask().Within();
        Assert.Equal(bytes[..Bucket], first.Buffer.ToArray());
        Assert.False(first.IsCompleted);
        Assert.Equal(Bucket, _paced.Statistics.BytesReceived);

        _paced.Input.AdvanceTo(first.Buffer.End);
        Task<byte[]> rest = Talk.ReadToEndAsync(_paced);
        Assert.False(rest.IsCompleted);
        await AdvanceUntilAsync(rest);

        Assert.Equal(bytes[Bucket..], await rest);
        Assert.Equal(bytes.Length, _paced.Statistics.BytesReceived);
    }

    [Fact]
    public async Task ReadAsync_ReaderThatWantsMoreAtOnceThanTheBucketHolds_GetsIt()
    {
        byte[] bytes = Payload.Random(900);
        await Talk.SendAsync(_peer, bytes).Within();

        Task<byte[]> read = Talk.ReadExactlyAsync(_paced, bytes.Length);
        await AdvanceUntilAsync(read);

        Assert.Equal(bytes, await read);
    }

    [Fact]
    public async Task ReadAsync_NothingConsumed_IsNotPaidForTwice()
    {
        await Talk.SendAsync(_peer, Payload.Random(Bucket)).Within();
        for (int i = 0; i < 3; i++)
        {
            ReadResult result = await _paced.Input.ReadAsync().AsTask().Within();
            Assert.Equal(Bucket, result.Buffer.Length);
            _paced.Input.AdvanceTo(result.Buffer.Start, result.Buffer.Start);
        }

        Assert.Equal(0, _time.Waiting);
    }

    [Fact]
    public async Task ReadAsync_CanceledWhileHeldBack_LosesNothing()
    {
        byte[] bytes = Payload.Random(400);
        await Talk.SendAndEndAsync(_peer, bytes).Within();
        byte[] first = await Talk.ReadExactlyAsync(_paced, Bucket).Within();
        using var giveUp = new CancellationTokenSource();
        Task<ReadResult> read = _paced.Input.ReadAsync(giveUp.Token).AsTask();
        await giveUp.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => read.Within());
        Assert.False(_paced.Input.TryRead(out _));

        Task<byte[]> rest = Talk.ReadToEndAsync(_paced);
        await AdvanceUntilAsync(rest);

        Assert.Equal(bytes, first.Concat(await rest));
    }

    [Fact]
    public async Task BothDirections_HaveARateEach()
    {
        await Talk.SendAsync(_peer, Payload.Random(Bucket)).Within();

        await Talk.SendAsync(_paced, Payload.Random(Bucket)).Within();

        await Talk.ReadExactlyAsync(_paced, Bucket).Within();
        Assert.Equal(0, _time.Waiting);
    }

    [Fact]
    public async Task Abort_WhileItWaits_EndsTheWait()
    {
        Task write = Talk.SendAsync(_paced, Payload.Random(1000));

        await WaitsAsync();
        _paced.Abort();
        _time.Advance(TimeSpan.FromMilliseconds(250));

        await Assert.ThrowsAsync<ConnectionException>(() => write.Within());
    }

    [Fact]
    public void LimitRate_LessThanOne_IsRefused() => Assert.Throws<ArgumentOutOfRangeException>(() => _peer.LimitRate(0));

    private Task WaitsAsync() => Eventually.TrueAsync(() => _time.Waiting == 1, "it waits for the clock");

    private async Task<long> HeardAsync()
    {
        ReadResult result = await _peer.Input.ReadAsync().AsTask().Within();
        return Look(result);
    }

    // Examined to the end: only then does the next read look for more.
    private long Look(ReadResult result)
    {
        _peer.Input.AdvanceTo(result.Buffer.Start, result.Buffer.End);
        return result.Buffer.Length;
    }

    private async Task AdvanceUntilAsync(Task done)
    {
        await Eventually.TrueAsync(
            () =>
            {
                if (_time.Waiting > 0)
                    _time.Advance(TimeSpan.FromMilliseconds(50));
                return done.IsCompleted;
            },
            "done");
        await done;
    }
}
