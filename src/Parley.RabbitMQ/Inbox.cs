using System.Diagnostics.CodeAnalysis;

namespace Parley.RabbitMQ;

/// <summary>The messages that were delivered and that nobody has received; no more than the broker gives away unacknowledged.</summary>
[SuppressMessage("Design", "CA1001", Justification = "Semaphores hold nothing of the system's until their wait handle is asked for.")]
internal sealed class Inbox(AmqpEndPoint queue)
{
    private readonly Lock _lock = new();
    private readonly Queue<Arrival> _arrivals = new();
    private readonly HashSet<Waiter> _waiters = [];
    private ConnectionException? _closed;

    internal void Add(Arrival arrival)
    {
        lock (_lock)
        {
            if (_closed is not null || arrival.Delivery.IsVoid)
            {
                arrival.Release();
                return;
            }

            _arrivals.Enqueue(arrival);
            Wake(1);
        }
    }

    /// <returns>Whether there was a message.</returns>
    /// <exception cref="ConnectionException">It does not fit; or the channel is closed.</exception>
    internal bool TryTake(Span<byte> buffer, out ReceivedMessage received)
    {
        lock (_lock)
        {
            received = default;
            if (_closed is { } reason)
                throw reason;
            if (!_arrivals.TryPeek(out Arrival? next))
                return false;
            if (next.Length > buffer.Length)
            {
                Wake(1);
                throw new ConnectionException(Step.Receive, Reason.TooLarge, queue, $"a message of {next.Length} bytes does not fit into a buffer of {buffer.Length}");
            }

            _arrivals.Dequeue();
            next.CopyTo(buffer);
            received = new ReceivedMessage(next.Length, next.Header) { Delivery = next.Delivery };
            next.Release();

            // Whoever was woken for a message may have found it gone, or not have come for it: the others are still there for the next.
            if (_arrivals.Count > 0)
                Wake(1);
            return true;
        }
    }

    /// <summary>Waits until a message is there.</summary>
    /// <param name="wanted">Told once the wait has begun: whoever brings messages learns then that somebody waits, and can tell him.</param>
    /// <param name="cancellationToken">Gives up.</param>
    internal async ValueTask WaitAsync(Action wanted, CancellationToken cancellationToken)
    {
        var waiter = new Waiter();
        lock (_lock)
        {
            if (_closed is { } reason)
                throw reason;
            if (_arrivals.Count > 0)
                return;
            _waiters.Add(waiter);
        }

        wanted();
        try
        {
            await waiter.Task.WaitAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            lock (_lock)
            {
                // It was woken, and will not look: the next one does.
                if (!_waiters.Remove(waiter) && _arrivals.Count > 0)
                    Wake(1);
            }

            throw;
        }
    }

    /// <summary>The connection or the channel of it that these came with is gone: they will come again.</summary>
    internal void Clear()
    {
        lock (_lock)
        {
            while (_arrivals.TryDequeue(out Arrival? arrival))
                arrival.Release();
        }
    }

    /// <summary>Tells those who wait now.</summary>
    internal void Fail(ConnectionException reason)
    {
        lock (_lock)
        {
            foreach (Waiter waiter in _waiters)
                waiter.TrySetException(reason);
            _waiters.Clear();
        }
    }

    internal void Close(ConnectionException reason)
    {
        lock (_lock)
        {
            _closed = reason;
            Clear();
            Fail(reason);
        }
    }

    private void Wake(int count)
    {
        foreach (Waiter waiter in _waiters)
        {
            if (count-- == 0)
                return;
            _waiters.Remove(waiter);
            waiter.TrySetResult();
        }
    }

    private sealed class Waiter() : TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
}
