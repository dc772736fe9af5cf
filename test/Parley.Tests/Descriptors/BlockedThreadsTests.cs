using Parley.Interop.Linux;
using Parley.Transports.Descriptors;

namespace Parley.Tests.Descriptors;

/// <summary>Threads that block in the kernel, and a signal that ends that and nothing else.</summary>
public sealed class BlockedThreadsTests
{
    private const int Rounds = 1000;

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Interrupt_ThreadsEnterAndLeaveAllTheTime_EachLeavesAndNoneIsMetElsewhere(bool isOftenInterrupted)
    {
        var threads = new BlockedThreads(isOftenInterrupted);
        var blocked = new Blocked[2];
        var stop = new CancellationTokenSource();
        for (int i = 0; i < blocked.Length; i++)
            blocked[i] = new Blocked(threads);
        Task[] runs = [.. blocked.Select(one => OnItsOwnThread.Run(() => one.Run(stop.Token)))];
        var random = new Random(1);
        for (int round = 1; round <= Rounds; round++)
        {
            // At any point of what they do: on the way in, inside, on the way out, elsewhere.
            Thread.SpinWait(random.Next(500));
            foreach (Blocked one in blocked)
                Volatile.Write(ref one.Asked, round);
            threads.Interrupt();
            foreach (Blocked one in blocked)
                Assert.True(SpinWait.SpinUntil(() => Volatile.Read(ref one.Answered) == round, Limits.Wait), "the thread has not left");
        }

        await stop.CancelAsync();
        foreach (Blocked one in blocked)
            Volatile.Write(ref one.Asked, Rounds + 1);
        threads.Interrupt();
        await Task.WhenAll(runs).Within();
        Assert.All(blocked, one => Assert.Equal((0, 0), (one.Slept, one.MetElsewhere)));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Enter_ManyThreads_EachHasItsOwnPlaceAndTheSameAgain(bool isOftenInterrupted)
    {
        var threads = new BlockedThreads(isOftenInterrupted);
        using var together = new Barrier(8);
        BlockedThread[] places = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => OnItsOwnThread.Run(() =>
        {
            together.SignalAndWait(Limits.Wait);
            BlockedThread place = threads.Enter(InterruptSignal.CurrentThread);
            place.Leave();
            together.SignalAndWait(Limits.Wait);
            BlockedThread again = threads.Enter(InterruptSignal.CurrentThread);
            again.Leave();
            Assert.Same(place, again);
            return place;
        }))).Within();
        Assert.Equal(places.Length, places.Distinct().Count());
    }

    [Fact]
    public async Task Interrupt_WhoInterruptsWasInterruptedItself_EndsThemAll()
    {
        using var queue = new TestQueue();
        MessageChannel channel = await queue.OpenAsync(spin: TimeSpan.Zero);
        Task[] receivers = [.. Enumerable.Range(0, 4).Select(_ => OnItsOwnThread.Run(
            () => { channel.Receive(new byte[channel.MaxMessageSize], Timeout.InfiniteTimeSpan); }))];
        await await ApartThread.RunAsync(() =>
        {
            Thread.CurrentThread.Interrupt();
            return channel.DisposeAsync().AsTask();
        });
        foreach (Task task in receivers)
            Assert.Equal(Reason.Aborted, (await Assert.ThrowsAsync<ConnectionException>(() => task.Within())).Reason);
    }

    private sealed class Blocked(BlockedThreads threads)
    {
        internal int Asked;
        internal int Answered;
        internal int Slept;
        internal int MetElsewhere;

        internal unsafe void Run(CancellationToken stop)
        {
            while (!stop.IsCancellationRequested)
            {
                BlockedThread place = threads.Enter(InterruptSignal.CurrentThread);
                if (Volatile.Read(ref Asked) == Answered && Libc.Poll(null, 0, (int)Limits.Wait.TotalMilliseconds) == 0)
                    Slept++;
                place.Leave();
                Volatile.Write(ref Answered, Volatile.Read(ref Asked));
                if (Answered % 4 == 0 && Libc.Poll(null, 0, 1) < 0)
                    MetElsewhere++;
            }
        }
    }
}
