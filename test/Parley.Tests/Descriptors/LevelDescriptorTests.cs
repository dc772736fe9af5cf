using Parley.Transports.Descriptors;

namespace Parley.Tests.Descriptors;

public sealed class LevelDescriptorTests() : MutedDescriptorTests(static handle => new LevelDescriptor(handle, EventLoop.Shared, inline: false))
{
    [Fact]
    public async Task WaitReadableAsync_OneOfTwoTaken_IsReadyAgain()
    {
        Write(2);

        for (int i = 0; i < 2; i++)
        {
            Assert.Equal(WaitResult.Ready, await ReadyAsync());
            TakeOne();
        }

        Assert.False(IsReadable());
    }

    [Fact]
    public async Task WaitReadableAsync_ReadyWhileNobodyWaited_IsReadyAndAskedForAnew()
    {
        // Two bytes and no wait: the loop finds it ready, stops asking, and must ask again for the waits that follow.
        Task<WaitResult> first = WaitAsync();
        Write(1);
        Assert.Equal(WaitResult.Ready, await first.Within());
        TakeOne();

        for (int round = 0; round < 1000; round++)
        {
            Write(1);
            if (round % 3 == 0)
                await Task.Yield();
            Read.Readable.Forget();
            Assert.Equal(WaitResult.Ready, await ReadyAsync());
            TakeOne();
        }
    }

    [Fact]
    public async Task Loop_ReadableAndNobodyWaits_DoesNotSpin()
    {
        Task<WaitResult> wait = WaitAsync();
        Write(1);
        await wait.Within();

        // Only the wait above is answered; then it stays readable, and the loop is to sleep.
        await Eventually.TrueAsync(() => Read.IsMuted, "the kernel is told not to report it");

        Assert.Equal(WaitResult.Ready, await ReadyAsync());
    }

    private protected override bool ReportsLevels => true;

    private protected override Task<WaitResult> WaitAsync(IWaiter waiter)
        => ((LevelDescriptor)Read).WaitReadableAsync(waiter, CancellationToken.None).AsTask();
}
