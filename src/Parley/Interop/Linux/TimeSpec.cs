namespace Parley.Interop.Linux;

/// <summary><c>struct timespec</c>.</summary>
internal struct TimeSpec
{
    public nint Seconds;
    public nint Nanoseconds;

    internal static TimeSpec Of(TimeSpan time) => new()
    {
        Seconds = (nint)(time.Ticks / TimeSpan.TicksPerSecond),
        Nanoseconds = (nint)(time.Ticks % TimeSpan.TicksPerSecond * TimeSpan.NanosecondsPerTick),
    };
}
