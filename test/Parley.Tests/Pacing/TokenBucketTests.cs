namespace Parley.Tests.Pacing;

public sealed class TokenBucketTests
{
    private readonly ManualTime _time = new();

    [Theory]
    [InlineData(1, 1)]
    [InlineData(3, 1)]
    [InlineData(4, 1)]
    [InlineData(1000, 250)]
    [InlineData(10L << 20, (10L << 20) / 4)]
    public void TryTake_AtFirst_GivesAQuarterOfASecondAndNoMore(long rate, long expected)
    {
        var bucket = new TokenBucket(rate, _time);

        Assert.Equal(expected, bucket.TryTake(long.MaxValue));
        Assert.Equal(0, bucket.TryTake(long.MaxValue));
    }

    [Fact]
    public void TryTake_AfterALongPause_GivesNoMoreThanTheBucketHolds()
    {
        var bucket = new TokenBucket(1000, _time);
        bucket.TryTake(250);

        _time.Advance(TimeSpan.FromHours(1));

        Assert.Equal(250, bucket.TryTake(int.MaxValue));
        Assert.Equal(0, bucket.TryTake(1));
    }

    [Fact]
    public void TryTake_FewerWanted_GivesThose()
    {
        var bucket = new TokenBucket(1000, _time);

        Assert.Equal(7, bucket.TryTake(7));
        Assert.Equal(243, bucket.TryTake(1000));
    }

    [Fact]
    public async Task TakeAsync_BucketEmpty_WaitsForAWorthwhileShare()
    {
        var bucket = new TokenBucket(1000, _time);
        bucket.TryTake(250);
        ValueTask<int> take = bucket.TakeAsync(1000, CancellationToken.None);
        Assert.Equal(1, _time.Waiting);

        _time.Advance(TimeSpan.FromMilliseconds(49));
        Assert.False(take.IsCompleted);
        _time.Advance(TimeSpan.FromMilliseconds(1));

        Assert.Equal(50, await take.AsTask().Within());
    }

    [Fact]
    public async Task TakeAsync_OneByteWanted_WaitsForOneByte()
    {
        var bucket = new TokenBucket(100, _time);
        bucket.TryTake(25);
        ValueTask<int> take = bucket.TakeAsync(1, CancellationToken.None);

        _time.Advance(TimeSpan.FromMilliseconds(10));

        Assert.Equal(1, await take.AsTask().Within());
    }

    [Fact]
    public async Task TakeAsync_Canceled_Throws()
    {
        using var giveUp = new CancellationTokenSource();
        var bucket = new TokenBucket(1, _time);
        bucket.TryTake(1);
        ValueTask<int> take = bucket.TakeAsync(1, giveUp.Token);

        await giveUp.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => take.AsTask().Within());
    }

    [Theory]
    [InlineData(7)]
    [InlineData(1000)]
    [InlineData(123_457)]
    [InlineData(1L << 30)]
    public async Task TakeAsync_OverALongTime_KeepsTheRateAndWakesSeldom(long rate)
    {
        const int Seconds = 20;
        var bucket = new TokenBucket(rate, _time);
        TimeSpan step = TimeSpan.FromMilliseconds(1);
        long taken = 0;
        int waits = 0;
        long end = _time.GetTimestamp() + TimeSpan.FromSeconds(Seconds).Ticks;
        while (_time.GetTimestamp() < end)
        {
            ValueTask<int> take = bucket.TakeAsync(long.MaxValue, CancellationToken.None);
            waits += take.IsCompleted ? 0 : 1;
            while (_time.Waiting > 0 && !take.IsCompleted)
                _time.Advance(step);
            taken += await take.AsTask().Within();
        }

        Assert.InRange(taken, rate * (Seconds - 1.1), (rate * Seconds) + bucket.Size + 1);
        Assert.InRange(waits, 0, Seconds * 21);
    }
}
