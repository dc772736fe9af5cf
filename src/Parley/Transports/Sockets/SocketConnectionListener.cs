using System.Buffers;
using System.Diagnostics;
using System.Net;
using System.Runtime.CompilerServices;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Parley.Interop.Linux;
using Parley.Transports.Addresses;
using Parley.Transports.Descriptors;

namespace Parley.Transports.Sockets;

/// <summary>Accepts from a listening socket, as many at a time as there is room for.</summary>
internal sealed class SocketConnectionListener : ConnectionListener
{
    // Short enough that accepting goes on within 100 ms, long enough that it is no spinning.
    private static readonly TimeSpan PauseAtLimit = TimeSpan.FromMilliseconds(50);

    private const int MostTurnedAway = 16;

    // What a socket's buffer takes at once: the smallest that Linux gives is 4 KiB and mostly it is far more.
    private const int LargestReply = 16 * 1024;

    private readonly LevelDescriptor _descriptor;
    private readonly Readiness _room;
    private readonly bool _isTcp;
    private readonly SocketPath? _path;
    private readonly ListenerOptions _options;
    private readonly ILogger _logger;
    private readonly int _maxConnections;
    private readonly Action _makeRoom;
    private readonly PeerGate? _gate;
    private readonly bool _ownUserOnly;
    private int _connections;
    private bool _hasAccepted;
    private long _lastWarning;
    private int _stopping;
    private int _takenSinceStop;
    private int _disposed;
    private ReplyLane? _replies;

    /// <param name="descriptor">The listening socket.</param>
    /// <param name="isTcp">Whether it is one of TCP.</param>
    /// <param name="local">Its address, or what stands for it.</param>
    /// <param name="path">The path that it holds, if it has one.</param>
    /// <param name="ownUserOnly">Whether clients of other users are turned away, should the permissions of the path have let them in.</param>
    /// <param name="options">How.</param>
    internal SocketConnectionListener(
        LevelDescriptor descriptor, bool isTcp, EndPoint local, SocketPath? path, bool ownUserOnly, ListenerOptions options)
    {
        _descriptor = descriptor;
        _room = new Readiness(descriptor.Loop, options.RunContinuationsInline);
        _isTcp = isTcp;
        _makeRoom = MakeRoom;
        LocalEndPoint = local;
        _path = path;
        _options = options;
        _logger = options.LoggerFactory?.CreateLogger("Parley.Listener") ?? (ILogger)NullLogger.Instance;

        _ownUserOnly = ownUserOnly;
        _gate = PeerGate.Of(options, local, isTcp, ownUserOnly, _logger);

        // The kernel hands out the lowest free number: ours tells how many are in use.
        _maxConnections = options.MaxConnections ?? DescriptorLimit.Connections(descriptor.Handle.Number + 1, options.DescriptorsPerConnection);
    }

    public override EndPoint LocalEndPoint { get; }

    /// <summary>What clients of a Unix socket are told that are turned away; nothing if <see langword="null"/>.</summary>
    internal LastWords? LastWords { get; init; }

    public override ValueTask<Connection?> AcceptAsync(CancellationToken cancellationToken = default)
    {
        if (cancellationToken.IsCancellationRequested)
            return ValueTask.FromCanceled<Connection?>(cancellationToken);
        long started = CallTrace.Now(_options);
        bool isKnownEmpty = false;
        if (!LeavesNextToLoop && Volatile.Read(ref _stopping) == 0 && HasRoom)
        {
            isKnownEmpty = !TryAccept(started, out Connection? connection, out _);
            if (connection is not null)
                return new(connection);
        }

        return WaitAndAcceptAsync(started, isKnownEmpty, cancellationToken);
    }

    public override ValueTask<Connection?> AcceptAndReplyAsync(ReadOnlyMemory<byte> reply, CancellationToken cancellationToken = default)
    {
        // Somebody who watches each call, counts the connections of each peer, or goes on elsewhere than on the loop, has a connection for each client.
        if (!_isTcp || _gate is { CountsOpen: true } || reply.Length > LargestReply || _options.CallObserver is not null || !_options.RunContinuationsInline)
            return base.AcceptAndReplyAsync(reply, cancellationToken);
        if (_replies is null)
            Volatile.Write(ref _replies, new ReplyLane(this, _descriptor.Loop, reply));
        _replies.Reply = reply;
        return cancellationToken.IsCancellationRequested
            ? ValueTask.FromCanceled<Connection?>(cancellationToken)
            : WaitAndReplyAsync(_replies, cancellationToken);
    }

    public override ListenerStatistics Statistics => _gate?.Statistics ?? default;

    public override AnsweredClients Answered => Volatile.Read(ref _replies)?.Answered ?? default;

    public override ValueTask StopAsync(CancellationToken cancellationToken = default)
    {
        Volatile.Write(ref _stopping, 1);
        _descriptor.Readable.Interrupt();
        _room.Interrupt();
        return ValueTask.CompletedTask;
    }

    public override ValueTask DisposeAsync()
    {
        Volatile.Write(ref _stopping, 1);
        Close();
        return ValueTask.CompletedTask;
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<Connection?> WaitAndAcceptAsync(long started, bool isKnownEmpty, CancellationToken cancellationToken)
    {
        while (true)
        {
            _descriptor.Readable.TakeInterruption();
            _room.TakeInterruption();
            WaitResult result;
            if (!HasRoom && Volatile.Read(ref _stopping) == 0)
            {
                Warn($"{_maxConnections} connections are open, new clients wait");
                result = await AwaitRoomAsync(Deadline.Never, cancellationToken).ConfigureAwait(false);
            }
            else if (!isKnownEmpty && !LeavesNextToLoop && HasRoom && MayTakeOneMore() && TryAccept(started, out Connection? connection, out int error))
            {
                if (connection is not null)
                    return connection;
                if (Volatile.Read(ref _stopping) != 0)
                {
                    Close();
                    return null;
                }

                result = await AwaitRoomAsync(AfterError(error), cancellationToken).ConfigureAwait(false);
            }
            else if (Volatile.Read(ref _stopping) != 0)
            {
                // The backlog is empty, or there is no room for those in it.
                Close();
                return null;
            }
            else
            {
                _hasAccepted = false;
                result = await _descriptor.WaitReadableAsync(Deadline.Never, cancellationToken).ConfigureAwait(false);
                if (result == WaitResult.Closed && Volatile.Read(ref _disposed) == 0)
                    result = await AwaitRoomAsync(AfterError(_descriptor.WatchError), cancellationToken).ConfigureAwait(false);
            }

            isKnownEmpty = false;
            if (result == WaitResult.Canceled)
                throw new OperationCanceledException(cancellationToken);
            if (result == WaitResult.Closed)
                return null;
        }
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<Connection?> WaitAndReplyAsync(ReplyLane lane, CancellationToken cancellationToken)
    {
        while (true)
        {
            // Forgotten before the look: whoever is unfinished after it signals anew, and a client who waits is reported anew.
            _descriptor.Readable.Forget();
            if (lane.TryTakeUnfinished(out SocketConnection? unfinished))
                return unfinished;
            if (MayAcceptNow)
            {
                _descriptor.Readable.TakeInterruption();
                switch (await _descriptor.WaitReadableAsync(lane, cancellationToken).ConfigureAwait(false))
                {
                    case WaitResult.Canceled:
                        throw new OperationCanceledException(cancellationToken);
                    case WaitResult.Closed when Volatile.Read(ref _disposed) != 0:
                        return null;
                    case WaitResult.Ready when lane.TryTakeUnfinished(out unfinished):
                        return unfinished;
                }
            }

            // An error, a limit, or a stop: whoever leaves is handed on first, for only its end may make room. The next client has a connection.
            lane.HandOnAll();
            if (lane.TryTakeUnfinished(out unfinished))
                return unfinished;
            Connection? client = await AcceptAsync(cancellationToken).ConfigureAwait(false);
            client?.Output.Write(lane.Reply.Span);
            return client;
        }
    }

    /// <summary>Whether another client may be taken now, by whoever is told of one.</summary>
    internal bool MayAcceptNow => HasRoom && Volatile.Read(ref _stopping) == 0;

    // Those who were in the backlog when it stopped, not those who keep coming.
    private bool MayTakeOneMore() => Volatile.Read(ref _stopping) == 0 || _takenSinceStop++ <= _options.Backlog;

    /// <summary>
    /// One client a turn of the loop: it says by itself whether there is another, and the conversations of others have their turn. Asking
    /// in vain costs as much as accepting.
    /// </summary>
    private bool LeavesNextToLoop => _hasAccepted && Volatile.Read(ref _stopping) == 0 && _descriptor.Loop.IsCurrent;

    private bool HasRoom => Volatile.Read(ref _connections) < _maxConnections;

    // A connection that ends between the look and the wait is remembered by its signal.
    private ValueTask<WaitResult> AwaitRoomAsync(long due, CancellationToken cancellationToken) => _room.WaitAsync(due, cancellationToken);

    /// <summary>Accepts one client.</summary>
    /// <returns><see langword="false"/> when none is there; otherwise there is a connection, or an error to pause after.</returns>
    private bool TryAccept(long started, out Connection? connection, out int error)
    {
        connection = null;

        // Those who are turned away have no turn of the loop each; but a crowd of them must not keep it from the conversations of others either.
        for (int turnsLeft = Volatile.Read(ref _stopping) != 0 ? _options.Backlog : MostTurnedAway; ; turnsLeft--)
        {
            _descriptor.Readable.Forget();
            DescriptorHandle handle;
            PeerAddress remote;
            UInt128 peer;
            try
            {
                handle = Accept(out remote, out peer, out error);
            }
            catch (ObjectDisposedException)
            {
                error = 0;
                return false;
            }

            if (error == Errno.EAGAIN)
                return false;
            if (_options.CallObserver is not null)
                Observe(handle, remote.EndPoint, started, error);
            if (error == 0)
            {
                Admission admission = _gate?.Admit(handle, peer, out peer) ?? Admission.Granted;
                if (admission == Admission.Granted)
                {
                    connection = Take(handle, remote, peer);
                    return true;
                }

                TurnAway(handle, admission);
                if (turnsLeft > 0)
                    continue;
                return false;
            }

            if (AcceptErrors.IsOfTheListener(error))
                throw ConnectionException.FromErrno(Step.Accept, error, LocalEndPoint);
            if (AcceptErrors.IsLimit(error))
                return true;
        }
    }

    // By a reset, for an end would be taken for that of a conversation. A Unix socket has no such thing, but there may be words for it.
    private void TurnAway(DescriptorHandle client, Admission refusal)
    {
        if (_isTcp)
            SocketCalls.ResetOnClose(client);
        else if (LastWords is { } words)
            SocketCalls.SayLast(client, (refusal == Admission.NoRoom ? words.NoRoom : words.NotAllowed).Span);
        client.Dispose();
    }

    private void Observe(DescriptorHandle handle, EndPoint? remote, long started, int error)
    {
        TcpStatistics? tcp = _isTcp && error == 0 ? SocketCalls.TcpStatistics(handle, bytesSent: 0) : null;
        CallTrace.Call(_options, "accept", _descriptor.Handle, started, error == 0 ? handle.Number : -error, remote ?? LocalEndPoint, tcp);
    }

    private unsafe DescriptorHandle Accept(out PeerAddress remote, out UInt128 peer, out int error)
    {
        byte* address = stackalloc byte[KernelAddress.MaxSize];
        uint length = KernelAddress.MaxSize;
        DescriptorHandle handle = Libc.Accept4(_descriptor.Handle, address, &length, Libc.SOCK_NONBLOCK | Libc.SOCK_CLOEXEC);
        error = handle.IsInvalid ? Errno.Last : 0;
        var bytes = new ReadOnlySpan<byte>(address, (int)length);
        remote = error == 0 ? new PeerAddress(bytes) : default;
        peer = error == 0 && _isTcp && _gate is not null ? KernelAddress.NumberOf(bytes) : default;
        return handle;
    }

    /// <summary>Accepts a client that may end before it needs a connection; its place is given back by <see cref="MakeRoom"/>.</summary>
    /// <returns>Its descriptor, or less than 0.</returns>
    internal unsafe int AcceptNumber(byte* address, uint* length)
    {
        int client = Libc.Accept4Number(_descriptor.Handle, address, length, Libc.SOCK_NONBLOCK | Libc.SOCK_CLOEXEC);
        if (client >= 0)
            Interlocked.Increment(ref _connections);
        return client;
    }

    /// <summary>Has the waiter looked for what is there.</summary>
    internal void Wake() => _descriptor.Readable.Signal();

    /// <summary>Whether a client that was accepted may stay; otherwise it is broken off.</summary>
    internal unsafe bool LetsIn(int client, ReadOnlySpan<byte> address)
    {
        Admission admission = _gate?.Admit(KernelAddress.NumberOf(address), out _) ?? Admission.Granted;
        if (admission == Admission.Granted)
            return true;
        TurnAway(new DescriptorHandle(client), admission);
        MakeRoom();
        return false;
    }

    private SocketConnection Take(DescriptorHandle handle, PeerAddress remote, UInt128 peer)
    {
        _hasAccepted = true;
        Interlocked.Increment(ref _connections);
        SocketConnection connection = Connect(handle, remote);
        if (_gate is { CountsOpen: true } gate)
        {
            connection.Ended = () =>
            {
                gate.Leave(peer);
                MakeRoom();
            };
        }

        return connection;
    }

    /// <summary>A connection of a client that has its place.</summary>
    internal SocketConnection Connect(DescriptorHandle handle, PeerAddress remote)
    {
        var descriptor = new StreamDescriptor(handle, _descriptor.Loop, _options.RunContinuationsInline);
        return new SocketConnection(descriptor, _isTcp, remote, _options) { Ended = _makeRoom, Local = _ownUserOnly ? LocalEndPoint : null };
    }

    internal void MakeRoom()
    {
        Interlocked.Decrement(ref _connections);
        _room.Signal();
    }

    private long AfterError(int error)
    {
        Warn(Errno.Describe(error));
        return Clock.FromNow(PauseAtLimit);
    }

    private void Warn(string cause)
    {
        if (MayWarn())
            ListenerLog.AcceptingPaused(_logger, ParleyEndPoint.Format(LocalEndPoint), cause);
    }

    private bool MayWarn()
    {
        long now = Stopwatch.GetTimestamp();
        if (_lastWarning != 0 && Stopwatch.GetElapsedTime(_lastWarning, now) < TimeSpan.FromSeconds(1))
            return false;
        _lastWarning = now;
        return true;
    }

    private void Close()
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0)
            return;
        long started = CallTrace.Now(_options);
        _descriptor.Close();
        CallTrace.Call(_options, "close", _descriptor.Handle, started, 0, LocalEndPoint);
        _room.Close();
        _replies?.Close();
        _path?.Dispose();
    }
}
