using Parley.Transports.Descriptors;

namespace Parley.Tests.Descriptors;

/// <summary>A descriptor that the kernel does not watch at all between one wait and the next.</summary>
public sealed class LeavingDescriptorTests() : MutedDescriptorTests(static handle => new StreamDescriptor(handle, EventLoop.Shared, inline: false))
{
    [Fact]
    public async Task Leave_UntilSomebodyWaits_KernelDoesNotWatch()
    {
        Leave();

        Write(1);
        Task<WaitResult> wait = ReadyAsync();

        Assert.Equal(WaitResult.Ready, await wait.Within());
        Assert.True(IsWatchedByKernel());
    }

    [Fact]
    public async Task WaitReadableAsync_AfterLeaving_HearsOfWhatComesThen()
    {
        Leave();
        Read.Readable.Forget();

        Task<WaitResult> wait = ReadyAsync();
        Assert.False(wait.IsCompleted);
        Write(1);

        Assert.Equal(WaitResult.Ready, await wait.Within());
    }

    [Fact]
    public async Task HungUp_SetAfterLeaving_IsTold()
    {
        Leave();
        var hungUp = new TaskCompletionSource();
        Read.HungUp = hungUp.SetResult;
        Assert.True(IsWatchedByKernel());

        EndWrites();

        await hungUp.Task.Within();
    }

    [Fact]
    public void Leave_SomebodyWaitsForTheEnd_StaysWatched()
    {
        Read.HungUp = static () => { };

        Read.Leave();

        Assert.True(IsWatchedByKernel());
    }

    [Fact]
    public async Task Leave_BesideAWaitOfAnotherThread_KeepsItTold()
    {
        // Who closes waits while the last call of who reads is still on its way: at many moments, for they must meet.
        Assert.True(Read.EnsureWatched());
        for (int round = 0; round < 5_000; round++)
        {
            Read.Readable.Forget();
            Task leave = Task.Run(Read.Leave);
            Thread.SpinWait(round % 300);
            Task<WaitResult> wait = ReadyAsync();
            await leave.Within();
            Write(1);
            Assert.Equal(WaitResult.Ready, await wait.Within());
            TakeOne();
        }
    }

    [Fact]
    public void Leave_NotWatchedYet_DoesNothing()
    {
        Read.Leave();

        Assert.False(Read.IsMuted);
    }

    [Fact]
    public async Task WaitWritableAsync_AfterLeaving_IsTold()
    {
        Leave();

        // The first of them ends as if there had been an edge.
        Assert.Equal(WaitResult.Ready, await Read.WaitWritableAsync(Deadline.Never, CancellationToken.None).AsTask().Within());
        Assert.Equal(WaitResult.Ready, await Read.WaitWritableAsync(Deadline.Never, CancellationToken.None).AsTask().Within());
        Read.Leave();

        Assert.True(IsWatchedByKernel());
    }

    [Fact]
    public async Task Close_AfterLeaving_EndsTheNextWait()
    {
        Leave();

        Read.Close();

        Assert.Equal(WaitResult.Closed, await WaitAsync().Within());
    }

    private protected override bool ReportsLevels => false;

    private protected override Task<WaitResult> WaitAsync(IWaiter waiter)
    {
        Read.Leave();
        if (!Read.Readable.TryBegin(Deadline.Never, waiter, out short token, CancellationToken.None))
        {
            waiter.TryFinish();
            return Task.FromResult(WaitResult.Ready);
        }

        Read.ReportInput();
        return new ValueTask<WaitResult>(Read.Readable, token).AsTask();
    }

    private void Leave()
    {
        Assert.True(Read.EnsureWatched());
        Assert.True(IsWatchedByKernel());
        Read.Leave();
        Assert.False(IsWatchedByKernel());
    }

    // An epoll lists what it watches.
    private bool IsWatchedByKernel()
    {
        string watched = $"tfd: {Read.Handle.Number,8} ";
        return Directory.GetFiles("/proc/self/fdinfo").Any(file => Lines(file).Any(line => line.StartsWith(watched, StringComparison.Ordinal)));
    }

    private static string[] Lines(string file)
    {
        try
        {
            return File.ReadAllLines(file);
        }
        catch (IOException)
        {
            // Another test's, closed meanwhile.
            return [];
        }
    }
}
