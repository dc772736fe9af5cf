namespace Parley.Tests;

/// <summary>
/// For code that blocks: it takes no thread from the pool that the rest of the test needs. What follows runs elsewhere: the thread may be
/// another user's, or in another network.
/// </summary>
internal static class OnItsOwnThread
{
    public static Task Run(Action code)
        => Task.Factory.StartNew(code, CancellationToken.None, TaskCreationOptions.LongRunning | TaskCreationOptions.RunContinuationsAsynchronously, TaskScheduler.Default);

    public static Task<T> Run<T>(Func<T> code)
        => Task.Factory.StartNew(code, CancellationToken.None, TaskCreationOptions.LongRunning | TaskCreationOptions.RunContinuationsAsynchronously, TaskScheduler.Default);

    /// <summary>For code that makes the thread something else than the process's others: nothing runs on it afterwards.</summary>
    public static async Task<T> RunApart<T>(Func<T> code)
    {
        await PoolThreads.AwaitAllAsync();
        T? result = default;
        Exception? failure = null;
        var thread = new Thread(() =>
        {
            try
            {
                result = code();
            }
            catch (Exception thrown)
            {
                failure = thrown;
            }
        });
        thread.Start();
        await Task.Run(thread.Join).Within();
        return failure is null ? result! : throw failure;
    }
}
