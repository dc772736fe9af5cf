using Parley.Interop.Linux;
using Parley.Transports.Descriptors;

namespace Parley.Tests.Descriptors;

public sealed class LevelDescriptorTests : IDisposable
{
    private readonly LevelDescriptor _read;
    private readonly DescriptorHandle _write;

    public unsafe LevelDescriptorTests()
    {
        int* pair = stackalloc int[2];
        Assert.Equal(0, Libc.SocketPair(Libc.AF_UNIX, Libc.SOCK_STREAM | Libc.SOCK_NONBLOCK | Libc.SOCK_CLOEXEC, 0, pair));
        _read = new LevelDescriptor(new DescriptorHandle(pair[0]), EventLoop.Shared, inline: false);
        _write = new DescriptorHandle(pair[1]);
    }

    public void Dispose()
    {
        _read.Close();
        _write.Dispose();
    }

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
            _read.Readable.Forget();
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
        await Eventually.TrueAsync(() => _read.IsMuted, "the kernel is told not to report it");

        Assert.Equal(WaitResult.Ready, await ReadyAsync());
    }

    [Fact]
    public async Task WaitReadableAsync_WaiterThatStays_IsToldOfAllThatIsLeft()
    {
        // The loop stops asking while a wait begins that does not end with the first signal: at many moments, for they must meet.
        var waiter = new TakesAll(this);
        _read.EnsureWatched();
        for (int round = 0; round < 20_000; round++)
        {
            waiter.Left = 2;
            Write(2);
            Thread.SpinWait(round % 400);
            while (waiter.Left > 0)
                Assert.Equal(WaitResult.Ready, await _read.WaitReadableAsync(waiter, CancellationToken.None).AsTask().Within());
        }
    }

    private Task<WaitResult> WaitAsync() => _read.WaitReadableAsync(Deadline.Never, CancellationToken.None).AsTask();

    // A signal from before may end a wait for nothing: whoever waits looks, and waits again.
    private async Task<WaitResult> ReadyAsync()
    {
        WaitResult result;
        do
            result = await WaitAsync().Within();
        while (result == WaitResult.Ready && !IsReadable());
        return result;
    }

    private unsafe bool IsReadable()
    {
        var poll = new PollDescriptor { Descriptor = _read.Handle.Number, Events = Libc.POLLIN };
        return Libc.Poll(&poll, 1, 0) > 0;
    }

    private unsafe void Write(int count)
    {
        byte* bytes = stackalloc byte[count];
        Assert.Equal(count, (int)Libc.Write(_write, bytes, (nuint)count));
    }

    private unsafe void TakeOne()
    {
        byte taken;
        Assert.Equal(1, (int)Libc.Read(_read.Handle, &taken, 1));
    }

    /// <summary>Takes one byte a signal, and has seen enough when none is left.</summary>
    private sealed class TakesAll(LevelDescriptorTests test) : IWaiter
    {
        public volatile int Left;

        public bool TryFinish()
        {
            if (test.IsReadable())
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
