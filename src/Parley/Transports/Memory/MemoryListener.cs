using System.Net;
using System.Threading.Channels;
using Parley.Interop.Linux;

namespace Parley.Transports.Memory;

/// <summary>Hands out the connections that were offered under its name.</summary>
internal sealed class MemoryListener : ConnectionListener
{
    private readonly Channel<Connection> _backlog;
    private readonly Action _release;
    private readonly SemaphoreSlim? _room;

    internal MemoryListener(MemoryEndPoint endPoint, ListenerOptions options, Action release)
    {
        LocalEndPoint = endPoint;
        _backlog = Channel.CreateBounded<Connection>(options.Backlog);
        _release = release;
        _room = options.MaxConnections is int limit ? new SemaphoreSlim(limit) : null;
    }

    public override EndPoint LocalEndPoint { get; }

    public override async ValueTask<Connection?> AcceptAsync(CancellationToken cancellationToken = default)
    {
        if (_room is not null)
            await _room.WaitAsync(cancellationToken).ConfigureAwait(false);
        while (await _backlog.Reader.WaitToReadAsync(cancellationToken).ConfigureAwait(false))
        {
            if (!_backlog.Reader.TryRead(out Connection? connection))
                continue;
            if (_room is not null)
                ((MemoryConnection)connection).Ended = () => _room.Release();
            return connection;
        }

        _room?.Release();
        return null;
    }

    public override ValueTask StopAsync(CancellationToken cancellationToken = default)
    {
        if (_backlog.Writer.TryComplete())
            _release();
        return ValueTask.CompletedTask;
    }

    public override async ValueTask DisposeAsync()
    {
        await StopAsync().ConfigureAwait(false);
        while (_backlog.Reader.TryRead(out Connection? waiting))
            waiting.Abort();
    }

    /// <summary>Puts a connection into the backlog, waiting for room in it.</summary>
    /// <returns>Whether the listener still listens.</returns>
    internal async ValueTask<bool> OfferAsync(Connection connection, TimeSpan timeout, CancellationToken cancellationToken)
    {
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        if (timeout != Timeout.InfiniteTimeSpan)
            deadline.CancelAfter(timeout);
        try
        {
            await _backlog.Writer.WriteAsync(connection, deadline.Token).ConfigureAwait(false);
            return true;
        }
        catch (ChannelClosedException)
        {
            return false;
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw ConnectionException.FromErrno(Step.Connect, Errno.ETIMEDOUT, LocalEndPoint);
        }
    }
}
