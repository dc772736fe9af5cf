using System.Diagnostics;
using System.Net;
using System.Runtime.CompilerServices;
using Parley.Transports.Descriptors;

namespace Parley.Transports.SharedMemory;

/// <summary>
/// Hands out links with those clients who have agreed. Handshakes go on beside each other and beside the caller's accepting: who says nothing keeps
/// nobody waiting, and whoever asks for the status is answered though there is no room for more clients, or nobody accepts them.
/// </summary>
internal sealed class LinkListener : IAsyncDisposable
{
    // Those who get memory and those who have it and were not accepted yet.
    private const int MostWaiting = 64;

    // All who were not accepted yet. Each has a descriptor; others wait in the backlog, where it cannot be seen that one asks for the status only.
    private const int MostAtOnce = 256;

    // So long a client has where all places are taken; otherwise it has as long as a handshake may take.
    private static readonly TimeSpan PatienceWhenFull = TimeSpan.FromSeconds(1);

    // A client that is there says its few words within microseconds.
    private static readonly TimeSpan PatienceAfterStop = TimeSpan.FromSeconds(1);

    private readonly ConnectionListener _sockets;
    private readonly ServerHandshake _handshake;
    private readonly LinkListenerLog _log;
    private readonly int _maxConnections;
    private readonly Readiness _changed;
    private readonly SemaphoreSlim _places = new(MostAtOnce);
    private readonly SemaphoreSlim _memoryPlaces = new(MostWaiting);
    private readonly CancellationTokenSource _giveUp = new();
    private readonly Lock _lock = new();
    private readonly Queue<SharedMemoryLink> _agreed = new();
    private readonly HashSet<SharedMemoryLink> _links = [];
    private readonly Dictionary<DescriptorConnection, (long Since, bool HasMemory)> _agreeing = [];
    private Exception? _failure;
    private int _connections;
    private int _handshakes;
    private bool _isPumpOver;
    private bool _isStopping;
    private bool _isDisposed;

    private LinkListener(ConnectionListener sockets, LinkKind offered, ListenerOptions options)
    {
        _sockets = sockets;
        _log = new LinkListenerLog(options.LoggerFactory, sockets.LocalEndPoint);
        _maxConnections = options.MaxConnections ?? int.MaxValue;
        _changed = new Readiness(EventLoop.Shared, options.RunContinuationsInline);
        int capacity = options.RingSize ?? (offered == LinkKind.Messages ? SharedLayout.DefaultMessageCapacity : SharedLayout.DefaultCapacity);
        _handshake = new ServerHandshake(offered, capacity, DescribeLinks);
    }

    internal EndPoint LocalEndPoint => _sockets.LocalEndPoint;

    internal ListenerStatistics Statistics => _sockets.Statistics;

    /// <summary>Listens.</summary>
    /// <param name="bind">Makes the listener of sockets, with the options it is given.</param>
    /// <param name="offered">What clients get.</param>
    /// <param name="options">How.</param>
    internal static LinkListener Bind(Func<ListenerOptions, ConnectionListener> bind, LinkKind offered, ListenerOptions options)
    {
        ListenerOptions ofSockets = options.Snapshot();
        if (options.MaxConnections is int limit)
            ofSockets.MaxConnections = (int)Math.Min((long)limit + MostAtOnce, int.MaxValue);
        var listener = new LinkListener(bind(ofSockets), offered, options);

        // It is found out here what the first handshake would keep the event loop for.
        Hello.OwnFeatures(offered);
        _ = listener.TakeClientsAsync();
        return listener;
    }

    /// <summary>Takes the next link, once there is room for it.</summary>
    /// <returns><see langword="null"/> once it is stopped.</returns>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    internal async ValueTask<SharedMemoryLink?> AcceptAsync(CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        while (true)
        {
            _changed.Forget();
            if (TryTake(out SharedMemoryLink? link, out bool isOver))
                return link;
            if (isOver)
            {
                await DisposeAsync().ConfigureAwait(false);
                return null;
            }

            WaitResult result = await _changed.WaitAsync(Deadline.Never, cancellationToken).ConfigureAwait(false);
            if (result == WaitResult.Canceled)
                throw new OperationCanceledException(cancellationToken);
            if (result == WaitResult.Closed)
                return null;
        }
    }

    /// <summary>Takes no new clients; those who have agreed, or are about to, are still handed out as far as there is room.</summary>
    internal async ValueTask StopAsync()
    {
        lock (_lock)
        {
            if (_isStopping)
                return;
            _isStopping = true;
        }

        await _sockets.StopAsync().ConfigureAwait(false);
        _giveUp.CancelAfter(PatienceAfterStop);
        _changed.Signal();
    }

    public async ValueTask DisposeAsync()
    {
        SharedMemoryLink[] waiting;
        lock (_lock)
        {
            if (_isDisposed)
                return;
            _isDisposed = _isStopping = true;
            waiting = [.. _agreed];
            _agreed.Clear();
        }

        await _giveUp.CancelAsync().ConfigureAwait(false);
        await _sockets.DisposeAsync().ConfigureAwait(false);
        foreach (SharedMemoryLink link in waiting)
            link.Abort();
        _changed.Close();
    }

    private bool TryTake(out SharedMemoryLink? link, out bool isOver)
    {
        link = null;
        isOver = false;
        lock (_lock)
        {
            if (_failure is { } failure)
            {
                _failure = null;
                throw failure;
            }

            bool hasRoom = _connections < _maxConnections;
            if (hasRoom && _agreed.TryDequeue(out link))
                _connections++;
            else
                isOver = _isDisposed || (_isStopping && (!hasRoom || (_isPumpOver && _handshakes == 0)));
        }

        if (link is null)
            return false;
        _memoryPlaces.Release();
        _places.Release();
        return true;
    }

    private async Task TakeClientsAsync()
    {
        try
        {
            while (true)
            {
                while (!await _places.WaitAsync(PatienceWhenFull, _giveUp.Token).ConfigureAwait(false))
                    TurnSlowOnesAway(withMemory: false);
                if (await _sockets.AcceptAsync(_giveUp.Token).ConfigureAwait(false) is not DescriptorConnection client)
                    return;
                lock (_lock)
                {
                    _handshakes++;
                    _agreeing.Add(client, (Stopwatch.GetTimestamp(), HasMemory: false));
                }

                _ = ShakeHandsAsync(client);
            }
        }
        catch (OperationCanceledException)
        {
            // It is being disposed.
        }
        catch (Exception failure)
        {
            // Nobody comes any more: once that is told, it is as good as stopped.
            lock (_lock)
                _isStopping = true;
            Fail(failure);
        }
        finally
        {
            lock (_lock)
                _isPumpOver = true;
            _changed.Signal();
        }
    }

    private async Task ShakeHandsAsync(DescriptorConnection client)
    {
        SharedMemoryLink? link = null;
        bool hasMemoryPlace = false;
        try
        {
            link = await _handshake.RunAsync(client, TakeMemoryPlaceAsync, _giveUp.Token).ConfigureAwait(false);
        }
        catch (ConnectionException failure)
        {
            _log.HandshakeFailed(failure);
        }
        catch (Exception failure) when (failure is OperationCanceledException or ObjectDisposedException)
        {
            // It is being disposed, and this client was not ready.
        }
        catch (Exception failure)
        {
            Fail(failure);
        }
        finally
        {
            bool isTurnedAway;
            lock (_lock)
                isTurnedAway = !_agreeing.Remove(client);
            if (link is null || isTurnedAway || !TryAdd(link))
                Drop(client, link, hasMemoryPlace);
            lock (_lock)
                _handshakes--;
            _changed.Signal();
        }

        async ValueTask TakeMemoryPlaceAsync(CancellationToken cancellationToken)
        {
            await WaitForMemoryPlaceAsync(client, cancellationToken).ConfigureAwait(false);
            hasMemoryPlace = true;
        }
    }

    /// <summary>Waits in order until one of those before the client is accepted, or gone. One that goes itself meanwhile is in nobody's way.</summary>
    private async ValueTask WaitForMemoryPlaceAsync(DescriptorConnection client, CancellationToken cancellationToken)
    {
        using var over = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        Task place = _memoryPlaces.WaitAsync(over.Token);
        if (place.IsCompletedSuccessfully)
        {
            NoteMemory(client);
            return;
        }

        // It has said what it wants, and is not slow: the others are.
        lock (_lock)
            _agreeing.Remove(client);
        Task leaves = HandshakeSocket.WaitForEndAsync(client, over.Token);
        while (!over.IsCancellationRequested)
        {
            Task first = await Task.WhenAny(place, leaves, Task.Delay(PatienceWhenFull, over.Token)).ConfigureAwait(false);
            if (first == place || first == leaves)
                break;
            TurnSlowOnesAway(withMemory: true);
        }

        await over.CancelAsync().ConfigureAwait(false);
        await place.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await leaves.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (place.IsCompletedSuccessfully && leaves.IsCanceled)
        {
            lock (_lock)
                _agreeing.Add(client, (Stopwatch.GetTimestamp(), HasMemory: true));
            return;
        }

        if (place.IsCompletedSuccessfully)
            _memoryPlaces.Release();
        await leaves.ConfigureAwait(false);
    }

    private void NoteMemory(DescriptorConnection client)
    {
        lock (_lock)
        {
            if (_agreeing.TryGetValue(client, out (long Since, bool HasMemory) state))
                _agreeing[client] = (state.Since, HasMemory: true);
        }
    }

    /// <summary>Those who say nothing must not keep out those who wait behind them: for a place, or only for memory, which those have who got it.</summary>
    private void TurnSlowOnesAway(bool withMemory)
    {
        DescriptorConnection[] slow;
        lock (_lock)
        {
            slow = [.. _agreeing.Where(client => (client.Value.HasMemory || !withMemory) && Stopwatch.GetElapsedTime(client.Value.Since) >= PatienceWhenFull)
                .Select(client => client.Key)];
            foreach (DescriptorConnection client in slow)
                _agreeing.Remove(client);
        }

        foreach (DescriptorConnection client in slow)
            client.Abort(new ConnectionException(Step.Handshake, Reason.TimedOut, LocalEndPoint, "the peer said too little while others may have waited"));
    }

    private bool TryAdd(SharedMemoryLink link)
    {
        Action? makeRoom = link.Socket.Ended;
        link.Socket.Ended = () =>
        {
            Remove(link);
            if (link.Socket.Failure is ConnectionException { Reason: Reason.Corrupt } lie)
                _log.BrokenOff(lie);
            makeRoom?.Invoke();
        };
        lock (_lock)
        {
            if (_isDisposed)
                return false;
            _links.Add(link);
            _agreed.Enqueue(link);
            return true;
        }
    }

    private void Drop(DescriptorConnection client, SharedMemoryLink? link, bool hasMemoryPlace)
    {
        if (link is null)
            client.Abort();
        else
            link.Abort();
        if (hasMemoryPlace)
            _memoryPlaces.Release();
        _places.Release();
    }

    /// <summary>A link is closed: there is room for another one.</summary>
    private void Remove(SharedMemoryLink link)
    {
        lock (_lock)
        {
            if (!_links.Remove(link))
                return;
            _connections--;
        }

        _changed.Signal();
    }

    private void Fail(Exception failure)
    {
        lock (_lock)
            _failure ??= failure;
        _changed.Signal();
    }

    private byte[] DescribeLinks()
    {
        SharedMemoryLink[] links;
        lock (_lock)
            links = [.. _links];
        return LinkStatus.Write(links);
    }
}
