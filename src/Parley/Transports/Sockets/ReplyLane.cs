using System.Buffers;
using Parley.Interop.Linux;
using Parley.Transports.Addresses;
using Parley.Transports.Descriptors;

namespace Parley.Transports.Sockets;

/// <summary>
/// Accepts TCP clients, tells each the same and ends, without a connection object, a task or a wait for each: on the loop's thread, within the
/// listener's one wait. A client that does not end at once is handed on as a connection.
/// </summary>
/// <remarks>
/// The conversation's end is proven as ever: the client has ended its side, and its system has acknowledged every byte. It is looked for when
/// the loop wakes up the next time, which mostly is for the next client, and by then is there.
/// </remarks>
internal sealed unsafe class ReplyLane : IWaiter
{
    // Two are for a client that is a little slower than the next one; later it gets a wait of its own.
    private const int MostLooks = 3;

    // So that a crowd that does not end is not looked at as a whole with each newcomer.
    private const int LooksATurn = 4;

    // Who says more than this is no short conversation.
    private const int DropSize = 4 * 1024;

    private readonly SocketConnectionListener _listener;
    private readonly EventLoop _loop;
    private readonly Readiness _later;
    private readonly Queue<Leaving> _leaving = new();
    private readonly Queue<SocketConnection> _unfinished = new();
    private readonly Lock _lock = new();
    private ReadOnlyMemory<byte> _reply;
    private bool _isLaterAsked;
    private bool _isClosed;
    private long _count;
    private long _sent;
    private long _received;

    internal ReplyLane(SocketConnectionListener listener, EventLoop loop, ReadOnlyMemory<byte> reply)
    {
        _listener = listener;
        _loop = loop;
        _reply = reply;
        _later = new Readiness(loop, inline: true);
        _later.TryBegin(Deadline.Never, new LaterLook(this), out _, CancellationToken.None);
    }

    internal ReadOnlyMemory<byte> Reply
    {
        get => _reply;
        set => _reply = value;
    }

    internal AnsweredClients Answered
    {
        get
        {
            lock (_lock)
                return new AnsweredClients(_count, _sent, _received);
        }
    }

    /// <summary>A client whose end must be waited for.</summary>
    internal bool TryTakeUnfinished(out SocketConnection? connection)
    {
        lock (_lock)
            return _unfinished.TryDequeue(out connection);
    }

    /// <summary>Hands everybody on: nothing is looked for here any more.</summary>
    internal void HandOnAll()
    {
        lock (_lock)
        {
            while (_leaving.TryDequeue(out Leaving client))
                HandOn(client, hasEnded: true, peerEnded: false, error: 0);
        }
    }

    /// <summary>
    /// Lets go of everybody. Each has been sent everything: what they have not acknowledged the kernel still delivers, unless they have said
    /// something meanwhile that nobody has read.
    /// </summary>
    internal void Close()
    {
        lock (_lock)
        {
            _isClosed = true;
            while (_leaving.TryDequeue(out Leaving client))
            {
                HasEnded(ref client, out _, out _);
                Libc.Close(client.Socket);
            }

            while (_unfinished.TryDequeue(out SocketConnection? connection))
                connection.Abort();
        }

        _later.Close();
    }

    /// <summary>Looks for the end of those who leave, and takes the next client.</summary>
    /// <returns>Whether there is something for the listener: somebody unfinished, no room, a stop, an error.</returns>
    public bool TryFinish()
    {
        lock (_lock)
        {
            LookForEnds();
            return _isClosed || _unfinished.Count > 0 || !_listener.MayAcceptNow || !TryAccept();
        }
    }

    public bool IsTooLate(out long due)
    {
        due = Deadline.Never;
        return false;
    }

    /// <returns>Whether the wait goes on.</returns>
    private bool TryAccept()
    {
        byte* address = stackalloc byte[KernelAddress.MaxSize];
        uint length = KernelAddress.MaxSize;
        int socket;
        try
        {
            socket = _listener.AcceptNumber(address, &length);
        }
        catch (ObjectDisposedException)
        {
            return false;
        }

        if (socket < 0)
            return Errno.Last == Errno.EAGAIN;
        var bytes = new ReadOnlySpan<byte>(address, (int)length);
        if (!_listener.LetsIn(socket, bytes))
            return true;
        var client = new Leaving(socket, new PeerAddress(bytes), _loop.Turn);
        if (!TrySend(socket, out int sent))
        {
            HandOn(client, sent);
            return false;
        }

        _leaving.Enqueue(client with { Sent = sent });
        AskForLaterLook();
        return true;
    }

    // The reply and the end leave in one packet.
    private bool TrySend(int socket, out int sent)
    {
        fixed (byte* bytes = _reply.Span)
            sent = (int)Libc.Send(socket, bytes, (nuint)_reply.Length, Libc.MSG_NOSIGNAL | Libc.MSG_MORE);
        return sent == _reply.Length && Libc.Shutdown(socket, Libc.SHUT_WR) == 0;
    }

    private void LookForEnds()
    {
        for (int looks = Math.Min(_leaving.Count, LooksATurn); looks > 0 && _leaving.Peek().Turn != _loop.Turn; looks--)
        {
            Leaving client = _leaving.Dequeue();
            if (HasEnded(ref client, out bool peerEnded, out int error))
            {
                Libc.Close(client.Socket);
                _count++;
                _sent += client.Sent;
                _received += client.Received;
                _listener.MakeRoom();
            }
            else if (error != 0 || peerEnded || ++client.Looks == MostLooks)
            {
                HandOn(client, hasEnded: true, peerEnded, error);
            }
            else
            {
                _leaving.Enqueue(client);
            }
        }
    }

    private static bool HasEnded(ref Leaving client, out bool peerEnded, out int error)
    {
        byte* dropped = stackalloc byte[DropSize];
        nint count = Libc.Recv(client.Socket, dropped, DropSize, 0);
        error = count < 0 && Errno.Last is var number and not (Errno.EAGAIN or Errno.EINTR) ? number : 0;
        peerEnded = count == 0;
        client.Received += Math.Max(0, count);
        int queued = 0;

        // The mark of this side's end counts as a byte until it is acknowledged; nothing of the reply is lost without it.
        return peerEnded && Libc.Ioctl(client.Socket, Libc.SIOCOUTQ, &queued) == 0 && queued <= 1;
    }

    // What is left of the reply goes into the connection's buffer, and out with its end.
    private void HandOn(Leaving client, int sent)
    {
        SocketConnection connection = Connect(client, Math.Max(0, sent), hasEnded: false);
        connection.Output.Write(_reply.Span[Math.Max(0, sent)..]);
        _unfinished.Enqueue(connection);
    }

    private void HandOn(Leaving client, bool hasEnded, bool peerEnded, int error)
    {
        SocketConnection connection = Connect(client, client.Sent, hasEnded);
        connection.PeerEnded = peerEnded;
        if (error != 0)
            connection.NoteBreak(error);
        _unfinished.Enqueue(connection);
    }

    private SocketConnection Connect(Leaving client, int sent, bool hasEnded)
    {
        SocketConnection connection = _listener.Connect(new DescriptorHandle(client.Socket), client.Peer);
        connection.Adopt(sent, hasEnded, client.Received);
        return connection;
    }

    private void AskForLaterLook()
    {
        if (_isLaterAsked)
            return;
        _isLaterAsked = true;
        _loop.SignalSoon(_later);
    }

    private void LookLater()
    {
        bool isWanted;
        lock (_lock)
        {
            _isLaterAsked = false;
            LookForEnds();
            isWanted = _unfinished.Count > 0;
            if (_leaving.Count > 0 && !_isClosed)
                AskForLaterLook();
        }

        if (isWanted)
            _listener.Wake();
    }

    /// <summary>A client that has been told everything.</summary>
    private record struct Leaving(int Socket, PeerAddress Peer, int Turn)
    {
        internal int Sent { get; init; }

        internal int Looks { get; set; }

        internal long Received { get; set; }
    }

    /// <summary>Looks when nobody new comes. The wait is for good: no look ends it.</summary>
    private sealed class LaterLook(ReplyLane lane) : IWaiter
    {
        public bool TryFinish()
        {
            lane.LookLater();
            return false;
        }

        public bool IsTooLate(out long due) => lane.IsTooLate(out due);
    }
}
