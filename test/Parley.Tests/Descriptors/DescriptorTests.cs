using Parley.Interop.Linux;
using Parley.Transports.Descriptors;

namespace Parley.Tests.Descriptors;

/// <summary>The kernel gives a closed descriptor's number to the next one that is opened.</summary>
[Collection(nameof(Alone))]
public sealed class DescriptorTests
{
    [Fact]
    public async Task WaitReadableAsync_ClosedBeforeItWasWatched_SaysClosed()
    {
        Descriptor descriptor = NewEvent();
        descriptor.Close();

        Exception? failure = await Record.ExceptionAsync(async () =>
            Assert.Equal(WaitResult.Closed, await descriptor.WaitReadableAsync(Deadline.Never, CancellationToken.None).Within()));

        // Both are what readers and writers take for "closed".
        Assert.True(failure is null or ObjectDisposedException, $"{failure}");
    }

    /// <summary>Whoever waits late on a closed descriptor must not take the wake-ups of the one that has its number now.</summary>
    [SkippableFact]
    public async Task WaitReadableAsync_NumberGivenToAnother_LeavesThatOneAlone()
    {
        Descriptor closed = NewEvent();
        int number = closed.Handle.Number;
        closed.Close();
        Descriptor next = NewEvent();
        Skip.IfNot(next.Handle.Number == number, "another thread was given the number");
        Task<WaitResult> wait = next.WaitReadableAsync(Deadline.Never, CancellationToken.None).AsTask();
        Assert.False(wait.IsCompleted);

        await Record.ExceptionAsync(() => closed.WaitReadableAsync(Deadline.Never, CancellationToken.None).Within());
        Raise(next);

        Assert.Equal(WaitResult.Ready, await wait.Within());
        next.Close();
    }

    /// <summary>A file cannot be watched and never hangs up.</summary>
    [Fact]
    public unsafe void HungUp_OfAFile_IsNotTold()
    {
        using var folder = new TestFolder();
        File.WriteAllText(folder["file"], "");
        DescriptorHandle file;
        fixed (byte* path = FileStatus.PathBytes(folder["file"]))
            file = Libc.Open(path, Libc.O_WRONLY | Libc.O_CLOEXEC, 0);
        MustNotHangUp(new Descriptor(file, EventLoop.Shared, inline: false), Errno.EPERM);
    }

    /// <summary>The kernel refuses to watch what watches what watches…: a limit, and no end.</summary>
    [Fact]
    public unsafe void HungUp_TheKernelCannotWatchOneMore_IsNotTold()
    {
        const int ELOOP = 40;
        byte* entry = stackalloc byte[EpollEvents.MaxSize];
        var nested = new List<DescriptorHandle>();
        for (int i = 0; i < 6; i++)
        {
            DescriptorHandle outer = Libc.EpollCreate(Libc.EPOLL_CLOEXEC);
            if (i > 0 && i < 5)
            {
                EpollEvents.Write(entry, Libc.EPOLLIN, nested[^1].Number, 0);
                Assert.Equal(0, Libc.EpollCtl(outer, Libc.EPOLL_CTL_ADD, nested[^1].Number, entry));
            }

            nested.Add(outer);
        }

        MustNotHangUp(new Descriptor(nested[4], EventLoop.Shared, inline: false), ELOOP);
        nested.ForEach(one => one.Dispose());
    }

    private static void MustNotHangUp(Descriptor descriptor, int error)
    {
        int told = 0;
        descriptor.HungUp = () => told++;
        Assert.Equal((0, error), (told, descriptor.WatchError));
        descriptor.Close();
    }

    private static Descriptor NewEvent()
    {
        DescriptorHandle handle = Libc.TimerFdCreate(Libc.CLOCK_MONOTONIC, Libc.TFD_CLOEXEC | Libc.TFD_NONBLOCK);
        Assert.False(handle.IsInvalid);
        return new Descriptor(handle, EventLoop.Shared, inline: false);
    }

    private static unsafe void Raise(Descriptor descriptor)
    {
        nint* inANanosecond = stackalloc nint[4] { 0, 0, 0, 1 };
        Assert.Equal(0, Libc.TimerFdSetTime(descriptor.Handle, 0, inANanosecond, null));
    }
}
