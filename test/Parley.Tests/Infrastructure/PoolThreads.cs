using System.Diagnostics;
using Parley.Transports.Descriptors;

namespace Parley.Tests;

/// <summary>
/// A thread is born where the thread is that starts it: with that one's user, network and mounts. Whoever queues work may start a thread of the pool,
/// which then works for every other test; so before code runs elsewhere, as many are there as there may be.
/// </summary>
internal static class PoolThreads
{
    private const int Count = 64;

    private static readonly SemaphoreSlim Turn = new(1);

    /// <summary>Once they are there, the pool starts no other for as long as they live, which is 20 seconds at least.</summary>
    internal static async Task AwaitAllAsync()
    {
        _ = EventLoop.Shared;
        await Turn.WaitAsync();
        try
        {
            ThreadPool.GetMinThreads(out int workers, out int completions);
            if (workers < Count)
                Assert.True(ThreadPool.SetMinThreads(Count, completions));
            using var all = new CountdownEvent(Count);
            long due = Stopwatch.GetTimestamp() + (long)(Limits.Wait.TotalSeconds * Stopwatch.Frequency);
            await Task.WhenAll(Enumerable.Range(0, Count).Select(_ => Task.Run(() =>
            {
                all.Signal();
                Assert.True(all.Wait(Stopwatch.GetElapsedTime(Stopwatch.GetTimestamp(), due)), "every thread of the pool at once");
            }))).Within();
        }
        finally
        {
            Turn.Release();
        }
    }
}
