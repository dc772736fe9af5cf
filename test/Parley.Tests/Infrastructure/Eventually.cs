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

    public static async Task CancelledAsync(CancellationToken token)
    {
        var cancelled = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using CancellationTokenRegistration registration = token.Register(cancelled.SetResult);
        await cancelled.Task.Within();
    }
}
