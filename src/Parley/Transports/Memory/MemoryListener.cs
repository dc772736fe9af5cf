using System.Net;
using System.Threading.Channels;
using Parley.Interop.Linux;

namespace Parley.Transports.Memory;

/// <summary>Hands out the connections that were offered under its name.</summary>
internal sealed class MemoryListener : ConnectionListener
{
    private readonly Channel<MemoryConnection> _backlog;
    private readonly CancellationTokenSource _stopped = new();
    private readonly SemaphoreSlim? _room;
    private readonly Action _release;

    internal MemoryListener(MemoryEndPoint endPoint, ListenerOptions options, Action release)
    {
        LocalEndPoint = endPoint;
        Options = options;
        _backlog = Channel.CreateBounded<MemoryConnection>(options.Backlog);
        _release = release;
        _room = options.MaxConnections is int limit ? new SemaphoreSlim(limit) : null;
    }

    public override EndPoint LocalEndPoint { get; }

    internal ListenerOptions Options { get; }

    public override async ValueTask<Connection?> AcceptAsync(CancellationToken cancellationToken = default)
    {
        if (!await EnterAsync(cancellationToken).ConfigureAwait(false))
            return null;
        try
        {
            while (await _backlog.Reader.WaitToReadAsync(cancellationToken).ConfigureAwait(false))
            {
                if (!_backlog.Reader.TryRead(out MemoryConnection? connection))
                    continue;
                connection.Ended = Leave;
                return connection;
            }
        }
        catch
        {
            Leave();
            throw;
        }

        Leave();
        return null;
    }

    public override ValueTask StopAsync(CancellationToken cancellationToken = default)
    {
        if (_backlog.Writer.TryComplete())
        {
            _release();
            _stopped.Cancel();
        }

        return ValueTask.CompletedTask;
    }

    public override async ValueTask DisposeAsync()
    {
        await StopAsync().ConfigureAwait(false);
        while (_backlog.Reader.TryRead(out MemoryConnection? waiting))
            waiting.Abort();
    }

    /// <summary>Puts a connection into the backlog, waiting for room in it.</summary>
    /// <exception cref="ConnectionException">Nobody listens any more, or there was no room in time.</exception>
    internal async ValueTask OfferAsync(MemoryConnection connection, TimeSpan timeout, CancellationToken cancellationToken)
    {
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        if (timeout != Timeout.InfiniteTimeSpan)
            deadline.CancelAfter(timeout);
        try
        {
            await _backlog.Writer.WriteAsync(connection, deadline.Token).ConfigureAwait(false);
        }
        catch (ChannelClosedException)
        {
            throw ConnectionException.FromErrno(Step.Connect, Errno.ECONNREFUSED, LocalEndPoint);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw ConnectionException.FromErrno(Step.Connect, Errno.ETIMEDOUT, LocalEndPoint);
        }
    }

    /// <summary>Waits for room for one more connection.</summary>
    /// <returns><see langword="false"/> once the listener is stopped and there is none.</returns>
    private async ValueTask<bool> EnterAsync(CancellationToken cancellationToken)
    {
        if (_room is null || _room.Wait(0, CancellationToken.None))
            return true;
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, _stopped.Token);
        try
        {
            await _room.WaitAsync(either.Token).ConfigureAwait(false);
            return true;
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return false;
        }
    }

    private void Leave() => _room?.Release();
}
