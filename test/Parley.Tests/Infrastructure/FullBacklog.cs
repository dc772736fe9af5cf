using System.Net;
using System.Net.Sockets;

namespace Parley.Tests;

/// <summary>A live listener that accepts nobody and whose queue is full: connecting to it takes for ever.</summary>
internal sealed class FullBacklog : IDisposable
{
    // A queue of 0 has room for one or two; more would mean that it never fills.
    private const int MostWaiting = 10;

    private static readonly TimeSpan Quiet = TimeSpan.FromMilliseconds(300);

    private readonly Place _place;
    private readonly Socket _listener;
    private readonly List<Socket> _waiting = [];

    public FullBacklog(ChannelKind kind)
    {
        _place = new Place(kind);
        _listener = RawSocket.Listen(_place.EndPoint, backlog: 0);
        EndPoint = _place.EndPoint is IPEndPoint ? _listener.LocalEndPoint! : _place.EndPoint;
        while (TryConnect())
            Assert.InRange(_waiting.Count, 1, MostWaiting);
    }

    public EndPoint EndPoint { get; }

    /// <summary>Takes one of those who wait out of the queue, which makes room for one more.</summary>
    public Task<Socket> AcceptAsync() => _listener.AcceptAsync().Within();

    public void Dispose()
    {
        foreach (Socket waiting in _waiting)
            waiting.Dispose();
        _listener.Dispose();
        _place.Dispose();
    }

    private bool TryConnect()
    {
        Socket socket = RawSocket.New(EndPoint);
        socket.Blocking = false;
        _waiting.Add(socket);
        try
        {
            socket.Connect(EndPoint);
            return true;
        }
        catch (SocketException e) when (e.SocketErrorCode is SocketError.WouldBlock or SocketError.InProgress)
        {
            // A Unix socket has given up at once; a TCP socket goes on, in vain if the queue is full.
            return EndPoint is IPEndPoint && socket.Poll(Quiet, SelectMode.SelectWrite);
        }
    }
}
