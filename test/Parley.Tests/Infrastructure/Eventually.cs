using System.Diagnostics;

namespace Parley.Tests;

internal static class Eventually
{
    /// <summary>For conditions that nobody announces.</summary>
    public static async Task TrueAsync(Func<bool> condition, string what)
    {
        long start = Stopwatch.GetTimestamp();
        while (!condition())
        {
            if (Stopwatch.GetElapsedTime(start) > Limits.Wait)
                throw new TimeoutException($"not within {Limits.Wait.TotalSeconds} s: {what}");
            await Task.Delay(5);
        }
    }

    /// <summary>For what is over when nothing happens any more: not zero, and the same for half a second.</summary>
    public static async Task StandsStillAsync(Func<long> value, string what)
    {
        long start = Stopwatch.GetTimestamp();
        long since = start;
        for (long last = 0; last == 0 || Stopwatch.GetElapsedTime(since) < TimeSpan.FromSeconds(0.5);)
        {
            if (Stopwatch.GetElapsedTime(start) > Limits.Transfer)
                throw new TimeoutException($"not within {Limits.Transfer.TotalSeconds} s: {what}");
            await Task.Delay(5);
            long now = value();
            if (now != last)
                since = Stopwatch.GetTimestamp();
            last = now;
        }
    }

    public static async Task CancelledAsync(CancellationToken token)
    {
        var cancelled = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using CancellationTokenRegistration registration = token.Register(cancelled.SetResult);
        await cancelled.Task.Within();
    }
}
