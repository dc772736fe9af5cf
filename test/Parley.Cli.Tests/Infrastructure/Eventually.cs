using System.Diagnostics;

namespace Parley.Cli.Tests;

internal static class Eventually
{
    public static async Task TrueAsync(Func<bool> condition, Func<string> otherwise, TimeSpan? limit = null)
    {
        TimeSpan allowed = limit ?? Limits.Wait;
        long start = Stopwatch.GetTimestamp();
        while (!condition())
        {
            if (Stopwatch.GetElapsedTime(start) > allowed)
                throw new TimeoutException($"not within {allowed.TotalSeconds} s: {otherwise()}");
            await Task.Delay(10);
        }
    }

    public static Task TrueAsync(Func<bool> condition, string what, TimeSpan? limit = null) => TrueAsync(condition, () => what, limit);
}
