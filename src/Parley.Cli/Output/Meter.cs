using System.Globalization;

namespace Parley.Cli.Output;

/// <summary>Makes lines out of what has moved and of the time it took.</summary>
internal sealed class Meter(Func<Traffic> traffic, TimeProvider time)
{
    private readonly long _started = time.GetTimestamp();
    private long _lookedAt = time.GetTimestamp();
    private long _seen;

    /// <summary>How many bytes there are to send, where that is known.</summary>
    internal long? Expected { get; init; }

    /// <summary>Begins to measure the current rate anew.</summary>
    internal void Look() => Look(traffic());

    /// <summary>The line while it goes on. Its rate is the one since the line before.</summary>
    internal string Running()
    {
        Traffic now = traffic();
        TimeSpan elapsed = time.GetElapsedTime(_started);
        string line = $"{Units.Bytes(now.Bytes)}  {Rate(Look(now))}  average {Rate(PerSecond(now.Bytes, elapsed))}  {Clock(elapsed)}";
        if (Percent(now) is not int percent)
            return line;
        string left = now.Sent > 0 ? $"  {Clock(elapsed * ((double)(Expected!.Value - now.Sent) / now.Sent))} left" : "";
        return $"{line}  {percent}%{left}";
    }

    /// <summary>The line when it is over.</summary>
    internal string Final()
    {
        Traffic now = traffic();
        TimeSpan elapsed = time.GetElapsedTime(_started);
        string share = Percent(now) is int percent ? $", {percent}% of {Units.Bytes(Expected!.Value)}" : "";
        return $"{Units.Count(now.Bytes, "byte")} in {Units.Duration(elapsed)}, {Rate(PerSecond(now.Bytes, elapsed))}{share}";
    }

    /// <summary>The line about everything, on demand. Its current rate is the one since the last look.</summary>
    internal string Statistics(string where)
    {
        Traffic now = traffic();
        TimeSpan elapsed = time.GetElapsedTime(_started);
        return $"{where}: {now.Open} open, {now.Served} served, {Refused(now)}{Units.Count(now.Sent, "byte")} out, {Units.Count(now.Received, "byte")} in, "
            + $"{Rate(Look(now))} now, {Rate(PerSecond(now.Bytes, elapsed))} on average, {Clock(elapsed)}";
    }

    // Most servers turn nobody away.
    private static string Refused(Traffic now) => now.Refused == 0 ? "" : $"{now.Refused} refused, ";

    private double Look(Traffic now)
    {
        long timestamp = time.GetTimestamp();
        double rate = PerSecond(now.Bytes - _seen, time.GetElapsedTime(_lookedAt, timestamp));
        (_seen, _lookedAt) = (now.Bytes, timestamp);
        return rate;
    }

    // More than expected means that it is no share of it: a client before this one took some, or the file has grown.
    private int? Percent(Traffic now) => Expected is long all and > 0 && now.Sent <= all ? (int)(now.Sent * 100.0 / all) : null;

    private static double PerSecond(long bytes, TimeSpan time) => bytes / Math.Max(time.TotalSeconds, 1e-6);

    private static string Rate(double bytesPerSecond) => Units.Bytes(bytesPerSecond) + "/s";

    private static string Clock(TimeSpan time) => string.Create(CultureInfo.InvariantCulture, $"{(long)time.TotalHours}:{time:mm\\:ss}");
}
