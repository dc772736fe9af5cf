using Parley.Transports.Descriptors;

namespace Parley.Tests.Descriptors;

public sealed class StreamDescriptorTests() : MutedDescriptorTests(static handle => new StreamDescriptor(handle, EventLoop.Shared, inline: false))
{
    [Fact]
    public async Task Loop_BytesThatNobodyWaitsFor_AreSoonNotReported()
    {
        await MuteAsync();

        Assert.Equal(WaitResult.Ready, await ReadyAsync());
        Assert.False(Read.IsMuted);
    }

    [Fact]
    public async Task WaitReadableAsync_AllTakenWhileMuted_HearsOfWhatComesThen()
    {
        await MuteAsync();
        TakeAll();
        Read.Readable.Forget();

        Task<WaitResult> wait = ReadyAsync();
        Assert.False(wait.IsCompleted);
        Write(1);

        Assert.Equal(WaitResult.Ready, await wait.Within());
    }

    [Fact]
    public async Task WaitReadableAsync_CameWhileMutedAfterAllWasTaken_IsReady()
    {
        await MuteAsync();
        TakeAll();
        Read.Readable.Forget();
        Write(1);

        Assert.Equal(WaitResult.Ready, await ReadyAsync());
    }

    [Fact]
    public async Task PeersEnd_WhileMuted_IsReported()
    {
        await MuteAsync();
        TakeAll();
        Assert.False(Read.MayHaveEnded);
        var hungUp = new TaskCompletionSource();
        Read.HungUp = hungUp.SetResult;

        EndWrites();

        await hungUp.Task.Within();
        Assert.True(Read.MayHaveEnded);
    }

    private protected override bool ReportsLevels => false;

    private protected override Task<WaitResult> WaitAsync(IWaiter waiter)
    {
        // What was there before says so once: whoever waits for edges looks then.
        if (!Read.Readable.TryBegin(Deadline.Never, waiter, out short token, CancellationToken.None))
        {
            waiter.TryFinish();
            return Task.FromResult(WaitResult.Ready);
        }

        Read.ReportInput();
        return new ValueTask<WaitResult>(Read.Readable, token).AsTask();
    }

    private void TakeAll()
    {
        while (IsReadable())
            TakeOne();
    }

    // Each byte is to wake the loop, so none may be written before the one before it was seen.
    private async Task MuteAsync()
    {
        Assert.True(Read.EnsureWatched());
        await Eventually.TrueAsync(
            () =>
            {
                Write(1);
                return Read.IsMuted;
            },
            "the kernel is told not to report them");
    }
}
