using Parley.Interop.Linux;
using Parley.Transports.Descriptors;

namespace Parley.Tests.Descriptors;

/// <summary>A descriptor of which the kernel reports nothing while nobody waits: whoever waits must still hear of everything.</summary>
public abstract class MutedDescriptorTests : IDisposable
{
    private readonly DescriptorHandle _write;

    private protected unsafe MutedDescriptorTests(Func<DescriptorHandle, Descriptor> watch)
    {
        int* pair = stackalloc int[2];
        Assert.Equal(0, Libc.SocketPair(Libc.AF_UNIX, Libc.SOCK_STREAM | Libc.SOCK_NONBLOCK | Libc.SOCK_CLOEXEC, 0, pair));
        Read = watch(new DescriptorHandle(pair[0]));
        _write = new DescriptorHandle(pair[1]);
    }

    private protected Descriptor Read { get; }

    private protected abstract bool ReportsLevels { get; }

    public void Dispose()
    {
        Read.Close();
        _write.Dispose();
        GC.SuppressFinalize(this);
    }

    [Fact]
    public async Task Wait_WaiterThatStays_IsToldOfAllThatIsLeft()
    {
        // The loop stops asking while a wait begins that does not end with the first signal: at many moments, for they must meet.
        var waiter = new TakesAll(this);
        Read.EnsureWatched();
        for (int round = 0; round < 20_000; round++)
        {
            waiter.Left = 6;
            for (int i = 0; i < 6; i++)
                Write(1);
            Thread.SpinWait(round % 400);
            while (waiter.Left > 0)
                Assert.Equal(WaitResult.Ready, await WaitAsync(waiter).Within());
        }
    }

    private protected Task<WaitResult> WaitAsync() => Read.WaitReadableAsync(Deadline.Never, CancellationToken.None).AsTask();

    private protected abstract Task<WaitResult> WaitAsync(IWaiter waiter);

    // A signal from before may end a wait for nothing: whoever waits looks, and waits again.
    private protected async Task<WaitResult> ReadyAsync()
    {
        WaitResult result;
        do
            result = await WaitAsync().Within();
        while (result == WaitResult.Ready && !IsReadable());
        return result;
    }

    private protected unsafe bool IsReadable()
    {
        var poll = new PollDescriptor { Descriptor = Read.Handle.Number, Events = Libc.POLLIN };
        return Libc.Poll(&poll, 1, 0) > 0;
    }

    private protected unsafe void Write(int count)
    {
        byte* bytes = stackalloc byte[count];
        Assert.Equal(count, (int)Libc.WriteNow(_write, bytes, count));
    }

    private protected void EndWrites() => _write.Dispose();

    private protected unsafe void TakeOne()
    {
        byte taken;
        Assert.Equal(1, (int)Libc.Read(Read.Handle, &taken, 1));
    }

    /// <summary>Takes one byte a signal, and has seen enough when none is left.</summary>
    private sealed class TakesAll(MutedDescriptorTests test) : IWaiter
    {
        public volatile int Left;

        public bool TryFinish()
        {
            if (test.IsReadable())
            {
                test.TakeOne();
                Left--;
            }

            // A descriptor that reports edges reports no other for what was left.
            while (!test.ReportsLevels && Left > 0 && test.IsReadable())
            {
                test.TakeOne();
                Left--;
            }

            return Left == 0;
        }

        public bool IsTooLate(out long due)
        {
            due = Deadline.Never;
            return false;
        }
    }
}
