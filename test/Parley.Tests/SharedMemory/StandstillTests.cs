using System.Diagnostics;
using Parley.Transports.Descriptors;
using Parley.Transports.SharedMemory;

namespace Parley.Tests.SharedMemory;

public sealed class StandstillTests
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(8);
    private static readonly long Second = Stopwatch.Frequency;
    private readonly long _start;
    private Standstill _count = new(Limit);

    public StandstillTests()
    {
        // The first look finds a change, and time counts from it.
        _start = Stopwatch.GetTimestamp() + Second;
        Assert.False(_count.IsOver(1, _start));
    }

    [Fact]
    public void IsOver_NoChange_OnceTheLimitIsReached()
    {
        Assert.False(_count.IsOver(1, _start + (8 * Second) - 1));
        Assert.True(_count.IsOver(1, _start + (8 * Second)));
    }

    [Fact]
    public void IsOver_ChangeFoundLate_CountsFromTheLook()
    {
        Assert.False(_count.IsOver(2, _start + (100 * Second)));
        Assert.False(_count.IsOver(2, _start + (107 * Second)));
        Assert.True(_count.IsOver(2, _start + (108 * Second)));
    }

    [Fact]
    public void IsOver_Restarted_CountsFromTheNextLook()
    {
        _count.Restart();

        Assert.False(_count.IsOver(1, _start + (100 * Second)));
        Assert.True(_count.IsOver(1, _start + (108 * Second)));
    }

    [Fact]
    public void NextLook_IsAtTheLimitAndAQuarterOfItAwayAtMost()
    {
        Assert.Equal(_start + (2 * Second), _count.NextLook(_start));
        Assert.False(_count.IsOver(1, _start + (7 * Second)));
        Assert.Equal(_start + (8 * Second), _count.NextLook(_start + (7 * Second)));
    }

    [Fact]
    public void WithoutALimit_IsNeverOverAndNeverLooks()
    {
        var count = new Standstill(Timeout.InfiniteTimeSpan);

        Assert.False(count.IsOver(0, long.MaxValue - 1));
        Assert.Equal(Deadline.Never, count.NextLook(_start));
    }
}
