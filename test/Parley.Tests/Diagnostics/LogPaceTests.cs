namespace Parley.Tests.Diagnostics;

public sealed class LogPaceTests
{
    private readonly ManualTime _time = new();

    [Fact]
    public void IsDue_Crowd_SomeLinesAtOnceThenOneASecond()
    {
        var pace = new LogPace(_time);
        Assert.Equal(LogPace.Burst, Due(pace, 100));
        _time.Advance(TimeSpan.FromSeconds(1));

        Assert.True(pace.IsDue(out string others));

        Assert.Equal($" ({100 - LogPace.Burst} more since the last such line)", others);
        Assert.Equal(0, Due(pace, 100));
    }

    [Fact]
    public void IsDue_AfterALongSilence_NoMoreThanTheBurst()
    {
        var pace = new LogPace(_time);
        _time.Advance(TimeSpan.FromHours(1));

        Assert.Equal(LogPace.Burst, Due(pace, 100));
    }

    [Fact]
    public void IsDue_NothingLeftOut_SaysNothingOfOthers()
    {
        var pace = new LogPace(_time);

        Assert.True(pace.IsDue(out string others));

        Assert.Equal("", others);
    }

    private static int Due(LogPace pace, int asked) => Enumerable.Range(0, asked).Count(_ => pace.IsDue(out string _));
}
