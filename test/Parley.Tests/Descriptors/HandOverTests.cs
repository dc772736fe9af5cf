using System.Diagnostics;
using Parley.Transports.Descriptors;

namespace Parley.Tests.Descriptors;

public sealed class HandOverTests
{
    [Fact]
    public void IsDue_AtFirst_IsTrue() => Assert.True(default(HandOver).IsDue(1));

    [Fact]
    public void IsDue_TheCoreCameBackSoon_IsTrue() => Assert.True(After(Milliseconds(1)).IsDue(Milliseconds(1)));

    [Fact]
    public void IsDue_SomebodyKeptTheCore_IsFalseForAHundredTimesAsLong()
    {
        HandOver handOver = After(Milliseconds(10));

        Assert.False(handOver.IsDue(Milliseconds(10 + 999)));
        Assert.True(handOver.IsDue(Milliseconds(10 + 1000)));
    }

    [Fact]
    public void IsDue_TheProcessWasStopped_IsFalseForNoLongerThanATurnAsksFor()
    {
        const int Minute = 60_000;

        Assert.True(After(Milliseconds(Minute)).IsDue(Milliseconds(Minute + 2000)));
    }

    private static HandOver After(long away)
    {
        var handOver = default(HandOver);
        handOver.NoteBack(started: 0, away);
        return handOver;
    }

    private static long Milliseconds(long count) => Stopwatch.Frequency / 1000 * count;
}
