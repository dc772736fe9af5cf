using Parley.Cli.Output;

namespace Parley.Cli.Serving;

/// <summary>The conversations that go on: bytes of all, and their end.</summary>
internal sealed class Conversations
{
    private readonly HashSet<Connection> _open = [];
    private readonly Lock _lock = new();
    private long _served;
    private long _sent;
    private long _received;
    private TaskCompletionSource? _empty;

    /// <summary>What they moved, and those that are over.</summary>
    internal Traffic Traffic()
    {
        lock (_lock)
        {
            long sent = _sent;
            long received = _received;
            foreach (Connection open in _open)
            {
                ConnectionStatistics moved = open.Statistics;
                sent += moved.BytesSent;
                received += moved.BytesReceived;
            }

            return new Traffic(_open.Count, _served, sent, received);
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
            _served++;
            _sent += moved.BytesSent;
            _received += moved.BytesReceived;
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
