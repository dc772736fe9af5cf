namespace Parley.Tests;

/// <summary>Every wait of a test has an end.</summary>
internal static class Limits
{
    public static readonly TimeSpan Wait = TimeSpan.FromSeconds(30);

    public static readonly TimeSpan Transfer = TimeSpan.FromSeconds(120);

    public static Task Within(this Task task, TimeSpan? limit = null) => task.WaitAsync(limit ?? Wait);

    public static Task<T> Within<T>(this Task<T> task, TimeSpan? limit = null) => task.WaitAsync(limit ?? Wait);

    public static Task Within(this ValueTask task, TimeSpan? limit = null) => task.AsTask().WaitAsync(limit ?? Wait);

    public static Task<T> Within<T>(this ValueTask<T> task, TimeSpan? limit = null) => task.AsTask().WaitAsync(limit ?? Wait);
}
