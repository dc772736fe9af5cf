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
