using Parley.Cli.Output;

namespace Parley.Cli.Tests.Options;

/// <summary>The lines of --progress and of SIGUSR1, by a clock that the test sets.</summary>
public sealed class MeterTests
{
    private const long Mebi = 1024 * 1024;

    private readonly SetTime _time = new();
    private Traffic _traffic;

    [Fact]
    public void Running_AtFirst_HasNoTimeLeftAndDividesByNothing()
    {
        Assert.Equal("0 B  0 B/s  average 0 B/s  0:00:00", New().Running());
        Assert.Equal("0 B  0 B/s  average 0 B/s  0:00:00  0%", New(expected: 100).Running());
    }

    [Fact]
    public void Running_SizeUnknown_ShowsBytesRateAverageAndTime()
    {
        Meter meter = New();
        Move(sent: 10 * Mebi, received: 2 * Mebi, seconds: 2);
        Assert.Equal("12 MiB  6 MiB/s  average 6 MiB/s  0:00:02", meter.Running());

        Move(sent: 0, received: Mebi, seconds: 2);

        Assert.Equal("13 MiB  512 KiB/s  average 3.25 MiB/s  0:00:04", meter.Running());
    }

    [Fact]
    public void Running_SizeKnown_ShowsShareAndTimeLeft()
    {
        Meter meter = New(expected: 100 * Mebi);

        Move(sent: 25 * Mebi, received: 0, seconds: 3600 * 25);

        Assert.Equal("25 MiB  291.27 B/s  average 291.27 B/s  25:00:00  25%  75:00:00 left", meter.Running());
    }

    [Fact]
    public void Running_OnlyWhatIsSent_CountsForTheShare()
    {
        Meter meter = New(expected: 1000);

        Move(sent: 500, received: 5000, seconds: 10);

        Assert.EndsWith("0:00:10  50%  0:00:10 left", meter.Running(), StringComparison.Ordinal);
    }

    [Fact]
    public void Running_MoreThanExpected_IsNoShareOfIt()
    {
        Meter meter = New(expected: 1000);

        Move(sent: 1001, received: 0, seconds: 1);

        Assert.EndsWith("0:00:01", meter.Running(), StringComparison.Ordinal);
    }

    [Fact]
    public void Final_AfterAll_SaysBytesTimeAverageAndShare()
    {
        Meter unknown = New();
        Meter known = New(expected: 4 * Mebi);

        Move(sent: 3 * Mebi, received: 0, seconds: 1.5);

        Assert.Equal("3145728 bytes in 1.5 s, 2 MiB/s", unknown.Final());
        Assert.Equal("3145728 bytes in 1.5 s, 2 MiB/s, 75% of 4 MiB", known.Final());
    }

    [Fact]
    public void Statistics_OnDemand_SaysEverything()
    {
        Meter meter = New();
        Move(sent: 3 * Mebi, received: 100, seconds: 3);
        _traffic = _traffic with { Open = 2, Served = 14 };
        meter.Look();

        Move(sent: 1024, received: 1024, seconds: 1);

        Assert.Equal(
            "tcp://h:1: 2 open, 14 served, 3146752 bytes out, 1124 bytes in, 2 KiB/s now, 768.52 KiB/s on average, 0:00:04",
            meter.Statistics("tcp://h:1"));
    }

    private Meter New(long? expected = null) => new(() => _traffic, _time) { Expected = expected };

    private void Move(long sent, long received, double seconds)
    {
        _traffic = _traffic with { Sent = _traffic.Sent + sent, Received = _traffic.Received + received };
        _time.Now += TimeSpan.FromSeconds(seconds).Ticks;
    }

    private sealed class SetTime : TimeProvider
    {
        public long Now { get; set; } = 1;

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override long GetTimestamp() => Now;
    }
}
