using System.Diagnostics;
using Parley.Transports.Descriptors;

namespace Parley.Tests.Descriptors;

public sealed class ClockTests
{
    /// <summary>What is beyond the clock's end must not come out before its beginning.</summary>
    [Theory]
    [InlineData(10_000_000)]
    [InlineData(200_000)]
    public void After_Centuries_IsNeverOrLater(int days)
    {
        long now = Stopwatch.GetTimestamp();

        long due = Clock.After(now, TimeSpan.FromDays(days));

        Assert.True(due > now, $"{due}");
        Assert.False(Clock.IsOver(due));
    }

    [Fact]
    public void After_LongestTime_IsNever() => Assert.Equal(Deadline.Never, Clock.After(Stopwatch.GetTimestamp(), TimeSpan.MaxValue));

    [Fact]
    public void After_Infinite_IsNever() => Assert.Equal(Deadline.Never, Clock.FromNow(Timeout.InfiniteTimeSpan));
}
