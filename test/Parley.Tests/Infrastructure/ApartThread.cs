namespace Parley.Tests;

/// <summary>For code that makes its thread something else than the process's others, such as another user's: nothing runs on it afterwards.</summary>
internal static class ApartThread
{
    public static async Task<T> RunAsync<T>(Func<T> code)
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
