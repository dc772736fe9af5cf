using System.Net.Sockets;

namespace Parley.Cli.Tests;

/// <summary>A live listener that accepts nobody and whose queue is full: connecting to it takes for ever.</summary>
internal sealed class FullBacklog : IDisposable
{
    private readonly Socket _listener;
    private readonly List<Socket> _waiting = [];

    private FullBacklog(Socket listener, string endpoint)
    {
        _listener = listener;
        Endpoint = endpoint;
    }

    public string Endpoint { get; }

    public static FullBacklog Open(string endpoint = "tcp://127.0.0.1:0")
    {
        Socket listener = RawSocket.Listen(endpoint, backlog: 0);
        var full = new FullBacklog(listener, Endpoints.IsTcp(endpoint) ? RawSocket.EndpointOf(listener) : endpoint);
        // A queue of 0 has room for one or two; more than ten would mean that it never fills.
        for (int i = 0; i < 10; i++)
        {
            if (!full.TryConnect())
                return full;
        }

        full.Dispose();
        throw new InvalidOperationException($"the queue of {endpoint} does not fill");
    }

    /// <summary>Takes one of those who wait out of the queue, which makes room for one more.</summary>
    public Task<Socket> AcceptAsync() => RawSocket.AcceptAsync(_listener);

    public void Dispose()
    {
        foreach (Socket waiting in _waiting)
            waiting.Dispose();
        _listener.Dispose();
    }

    private bool TryConnect()
    {
        Socket socket = RawSocket.New(Endpoint);
        socket.Blocking = false;
        _waiting.Add(socket);
        try
        {
            socket.Connect(Endpoints.Parse(Endpoint));
            return true;
        }
        catch (SocketException e) when (e.SocketErrorCode is SocketError.WouldBlock or SocketError.InProgress)
        {
            // A Unix socket has given up at once; a TCP socket goes on, in vain if the queue is full.
            return Endpoints.IsTcp(Endpoint) && socket.Poll(Limits.Quiet, SelectMode.SelectWrite);
        }
    }
}
