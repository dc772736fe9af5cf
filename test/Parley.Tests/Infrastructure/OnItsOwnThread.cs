namespace Parley.Tests;

/// <summary>For code that blocks: it takes no thread from the pool that the rest of the test needs. What follows runs elsewhere.</summary>
internal static class OnItsOwnThread
{
    public static Task Run(Action code)
        => Task.Factory.StartNew(code, CancellationToken.None, TaskCreationOptions.LongRunning | TaskCreationOptions.RunContinuationsAsynchronously, TaskScheduler.Default);

    public static Task<T> Run<T>(Func<T> code)
        => Task.Factory.StartNew(code, CancellationToken.None, TaskCreationOptions.LongRunning | TaskCreationOptions.RunContinuationsAsynchronously, TaskScheduler.Default);
}
