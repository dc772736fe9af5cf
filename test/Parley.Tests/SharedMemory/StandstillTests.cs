using System.Diagnostics;
using Parley.Transports.Descriptors;
using Parley.Transports.SharedMemory;

namespace Parley.Tests.SharedMemory;

public sealed class StandstillTests
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(8);
    private static readonly long Second = Stopwatch.Frequency;
    private readonly long _start;
    private long _now;
    private Standstill _count = new(Limit);

    public StandstillTests()
    {
        // The first look finds a change, and time counts from it.
        _start = Stopwatch.GetTimestamp() + Second;
        Assert.False(IsOver(1, _start));
    }

    [Fact]
    public void IsOver_NoChange_OnceTheLimitIsReached()
    {
        Assert.False(IsOverAfterLooks(1, _start + (8 * Second) - 1));
        Assert.True(IsOverAfterLooks(1, _start + (8 * Second)));
    }

    [Fact]
    public void IsOver_ChangeFoundLate_CountsFromTheLook()
    {
        Assert.False(IsOver(2, _start + (100 * Second)));
        Assert.False(IsOverAfterLooks(2, _start + (107 * Second)));
        Assert.True(IsOverAfterLooks(2, _start + (108 * Second)));
    }

    /// <summary>As while the process is stopped, and its peer with it, which has had no time to do anything.</summary>
    [Fact]
    public void IsOver_NobodyCouldLook_CountsNoMoreThanOneOfTheLooks()
    {
        Assert.False(IsOver(1, _start + (100 * Second)));
        Assert.False(IsOverAfterLooks(1, _start + (106 * Second) - 1));
        Assert.True(IsOverAfterLooks(1, _start + (106 * Second)));
    }

    [Fact]
    public void IsOver_NobodyWaited_CountsAll()
    {
        _count.Begin(_start + (8 * Second));

        Assert.True(IsOver(1, _start + (8 * Second)));
    }

    /// <summary>Stopped between the look and the judgement: what the peer did meanwhile has not been seen.</summary>
    [Fact]
    public void Look_TimePassesAfterTheLook_IsNoneThatWasLookedAt()
    {
        var limit = TimeSpan.FromMilliseconds(20);
        WaitLimits limits = WaitLimits.Of(limit, limit)!;
        limits.Begin();
        Assert.Null(LookAfter(TimeSpan.Zero));

        Assert.Null(LookAfter(limit * 2));

        // The next look is due at once.
        Assert.True(limits.LookAt <= Stopwatch.GetTimestamp());

        string? LookAfter(TimeSpan time)
        {
            limits.BeginLook();
            long start = Stopwatch.GetTimestamp();
            SpinWait.SpinUntil(() => Stopwatch.GetElapsedTime(start) >= time);
            return limits.Look(activity: 1, progress: 1);
        }
    }

    [Fact]
    public void IsOver_Restarted_CountsFromTheNextLook()
    {
        _count.Restart();

        Assert.False(IsOver(1, _start + (100 * Second)));
        Assert.True(IsOverAfterLooks(1, _start + (108 * Second)));
    }

    [Fact]
    public void NextLook_IsAtTheLimitAndAQuarterOfItAwayAtMost()
    {
        Assert.Equal(_start + (2 * Second), _count.NextLook(_start));
        Assert.False(IsOverAfterLooks(1, _start + (7 * Second)));
        Assert.Equal(_start + (8 * Second), _count.NextLook(_start + (7 * Second)));
    }

    [Fact]
    public void WithoutALimit_IsNeverOverAndNeverLooks()
    {
        var count = new Standstill(Timeout.InfiniteTimeSpan);

        Assert.False(count.IsOver(0, long.MaxValue - 1));
        Assert.Equal(Deadline.Never, count.NextLook(_start));
    }

    private bool IsOver(long count, long at)
    {
        _now = at;
        return _count.IsOver(count, at);
    }

    // It is looked at whenever it asks for that.
    private bool IsOverAfterLooks(long count, long at)
    {
        while (_count.NextLook(_now) < at)
            Assert.False(IsOver(count, _count.NextLook(_now)));
        return IsOver(count, at);
    }
}
