using System.Net;
using System.Threading.Channels;

namespace Parley.Transports.Tls;

/// <summary>
/// Accepts clients of another listener, and hands out those that have made their handshake. Handshakes are made beside one another: a client
/// that says nothing keeps nobody waiting.
/// </summary>
internal sealed class TlsListener : ConnectionListener
{
    private readonly ConnectionListener _inner;
    private readonly TlsIdentity _identity;
    private readonly TlsSettings _settings;
    private readonly TlsListenerLog _log;
    private readonly AcceptRoom? _room;
    private readonly int _maxHandshakes;
    private readonly Channel<Connection> _ready;
    private readonly LinkedList<Connection> _handshakes = [];
    private readonly Lock _lock = new();
    private int _unfinished = 1;
    private long _denied;
    private bool _isDisposed;
    private Exception? _failure;

    internal TlsListener(ConnectionListener inner, TlsIdentity identity, TlsSettings settings, TlsLimits limits, TlsListenerLog log)
    {
        _inner = inner;
        _identity = identity;
        _settings = settings;
        _log = log;
        LocalEndPoint = settings.Outside(inner.LocalEndPoint)!;
        _room = limits.MaxConnections is int most ? new AcceptRoom(most) : null;
        _maxHandshakes = limits.MaxHandshakes;
        _ready = Channel.CreateBounded<Connection>(limits.Backlog);
        _ = AcceptAllAsync();
    }

    public override EndPoint LocalEndPoint { get; }

    public override async ValueTask<Connection?> AcceptAsync(CancellationToken cancellationToken = default)
    {
        while (await _ready.Reader.WaitToReadAsync(cancellationToken).ConfigureAwait(false))
        {
            if (_room is not null && !await _room.EnterAsync(cancellationToken).ConfigureAwait(false))
            {
                await DisposeAsync().ConfigureAwait(false);
                return null;
            }

            if (_ready.Reader.TryRead(out Connection? client))
            {
                _room?.LeaveWith(client);
                return client;
            }

            _room?.Leave();
        }

        return null;
    }

    public override ListenerStatistics Statistics => _inner.Statistics with { Refused = _inner.Statistics.Refused + Interlocked.Read(ref _denied) };

    public override async ValueTask StopAsync(CancellationToken cancellationToken = default)
    {
        await _inner.StopAsync(cancellationToken).ConfigureAwait(false);
        _room?.Stop();
    }

    public override async ValueTask DisposeAsync()
    {
        Connection[] unfinished;
        lock (_lock)
        {
            _isDisposed = true;
            unfinished = [.. _handshakes];
        }

        await _inner.DisposeAsync().ConfigureAwait(false);
        _room?.Stop();
        foreach (Connection client in unfinished)
            client.Abort();
        _ready.Writer.TryComplete();
        while (_ready.Reader.TryRead(out Connection? client))
        {
            client.Abort();
            await client.DisposeAsync().ConfigureAwait(false);
        }
    }

    private async Task AcceptAllAsync()
    {
        try
        {
            while (await _ready.Writer.WaitToWriteAsync().ConfigureAwait(false) && await _inner.AcceptAsync().ConfigureAwait(false) is { } client)
            {
                if (Enter(client) is not { } place)
                    continue;
                Interlocked.Increment(ref _unfinished);
                _ = ShakeHandsAsync(client, place);
            }
        }
        catch (ConnectionException broken)
        {
            _failure = broken;
        }

        GiveUpSilent();
        Leave();
    }

    private async Task ShakeHandsAsync(Connection client, LinkedListNode<Connection> place)
    {
        Connection? secured = null;
        bool isTold = false;
        try
        {
            secured = await TlsHandshake.AsServerAsync(client, _identity, _settings, Tell, CancellationToken.None).ConfigureAwait(false);
        }
        catch (Exception failure)
        {
            // Whatever it is: one client never ends the others' listener.
            if (!isTold)
                Tell(failure);
        }
        finally
        {
            lock (_lock)
            {
                if (place.List is not null)
                    _handshakes.Remove(place);
            }
        }

        try
        {
            if (secured is not null)
                await _ready.Writer.WriteAsync(secured).ConfigureAwait(false);
        }
        catch (ChannelClosedException)
        {
            // The listener was disposed meanwhile: this client was never accepted.
            secured!.Abort();
            await secured.DisposeAsync().ConfigureAwait(false);
        }

        Leave();

        void Tell(Exception failure)
        {
            isTold = true;
            TellRefused(failure as ConnectionException ?? new ConnectionException(Step.Handshake, Reason.Other, LocalEndPoint, failure.Message, inner: failure));
        }
    }

    private void TellRefused(ConnectionException refused)
    {
        if (refused.Reason == Reason.Denied)
            Interlocked.Increment(ref _denied);
        if (refused.Reason != Reason.Aborted)
            _log.Refused(refused);
    }

    /// <summary>Notes a handshake that begins. With too many of them, one is given up.</summary>
    private LinkedListNode<Connection>? Enter(Connection client)
    {
        Connection? oldest = null;
        LinkedListNode<Connection>? place = null;
        lock (_lock)
        {
            if (!_isDisposed)
            {
                place = _handshakes.AddLast(client);
                if (_handshakes.Count > _maxHandshakes)
                {
                    LinkedListNode<Connection> given = FirstToGiveUp();
                    oldest = given.Value;
                    _handshakes.Remove(given);
                }
            }
        }

        if (place is null)
            client.Abort();
        oldest?.Abort(new ConnectionException(
            Step.Handshake, Reason.Full, _settings.Outside(oldest.RemoteEndPoint), $"given up for a newer client: {_maxHandshakes} were in their handshake"));
        return place;
    }

    // The oldest of those who have said nothing: who has spoken is not pushed out by a crowd that only connects.
    private LinkedListNode<Connection> FirstToGiveUp()
    {
        for (LinkedListNode<Connection>? one = _handshakes.First; one != _handshakes.Last; one = one.Next!)
        {
            if (IsSilent(one!.Value))
                return one;
        }

        return _handshakes.First!;
    }

    private static bool IsSilent(Connection client) => client.Statistics.BytesReceived == 0;

    /// <summary>Nobody waits for clients that have not said a byte once the listener has stopped.</summary>
    private void GiveUpSilent()
    {
        Connection[] silent;
        lock (_lock)
            silent = [.. _handshakes.Where(IsSilent)];
        foreach (Connection client in silent)
            client.Abort();
    }

    // The last one closes the queue: those in it are still handed out.
    private void Leave()
    {
        if (Interlocked.Decrement(ref _unfinished) == 0)
            _ready.Writer.TryComplete(_failure);
    }
}
