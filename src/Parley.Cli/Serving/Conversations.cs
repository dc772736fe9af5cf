namespace Parley.Cli.Serving;

/// <summary>The conversations that go on: bytes of all, and their end.</summary>
internal sealed class Conversations
{
    private readonly HashSet<Connection> _open = [];
    private readonly Lock _lock = new();
    private long _finishedBytes;
    private TaskCompletionSource? _empty;

    /// <summary>Bytes in both directions, of those that are over too.</summary>
    internal long Bytes
    {
        get
        {
            lock (_lock)
                return _finishedBytes + _open.Sum(static open => open.Statistics.BytesSent + open.Statistics.BytesReceived);
        }
    }

    internal void Add(Connection connection)
    {
        lock (_lock)
            _open.Add(connection);
    }

    internal void Remove(Connection connection)
    {
        lock (_lock)
        {
            _open.Remove(connection);
            ConnectionStatistics moved = connection.Statistics;
            _finishedBytes += moved.BytesSent + moved.BytesReceived;
            if (_open.Count == 0)
                _empty?.TrySetResult();
        }
    }

    /// <summary>Waits for the last one to end; when the time is over, cancels <paramref name="cut"/> and breaks the rest off.</summary>
    /// <returns>How many had to be broken off because the time was over.</returns>
    internal async Task<int> DrainAsync(TimeSpan timeout, CancellationTokenSource cut)
    {
        Task empty;
        lock (_lock)
        {
            if (_open.Count == 0)
                return 0;
            _empty = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            empty = _empty.Task;
        }

        try
        {
            await empty.WaitAsync(timeout);
            return 0;
        }
        catch (TimeoutException)
        {
            return await BreakOffAsync(empty, cut);
        }
    }

    private async Task<int> BreakOffAsync(Task empty, CancellationTokenSource cut)
    {
        Connection[] rest;
        lock (_lock)
            rest = [.. _open];
        await cut.CancelAsync();
        foreach (Connection connection in rest)
            connection.Abort();
        await empty;
        return rest.Length;
    }
}
