using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;

namespace Parley.Tests;

/// <summary>A way to a broker that can be cut: every connection by it is reset, in the middle of whatever is on it.</summary>
internal sealed class Cutter : IAsyncDisposable
{
    private readonly Socket _listener = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
    private readonly ConcurrentDictionary<Socket, bool> _sockets = new();
    private readonly int _port;
    private readonly Task _accepting;

    public Cutter(int port)
    {
        _port = port;
        _listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        _listener.Listen();
        _accepting = Task.Run(AcceptAsync);
    }

    public IPEndPoint Address => (IPEndPoint)_listener.LocalEndPoint!;

    /// <summary>How many sockets it has open, two for each connection.</summary>
    public int Count => _sockets.Count;

    public void Cut()
    {
        foreach ((Socket socket, _) in _sockets)
            Reset(socket);
    }

    public async ValueTask DisposeAsync()
    {
        _listener.Dispose();
        await _accepting.Within();
        Cut();
    }

    private async Task AcceptAsync()
    {
        while (true)
        {
            try
            {
                Socket near = await _listener.AcceptAsync();
                _ = ForwardAsync(near);
            }
            catch (Exception closed) when (closed is SocketException or ObjectDisposedException)
            {
                return;
            }
        }
    }

    private async Task ForwardAsync(Socket near)
    {
        var far = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        near.NoDelay = true;
        _sockets[near] = _sockets[far] = true;
        try
        {
            await far.ConnectAsync(IPAddress.Loopback, _port);
            await Task.WhenAny(CopyAsync(near, far), CopyAsync(far, near));
        }
        catch (Exception gone) when (gone is SocketException or ObjectDisposedException)
        {
            // The broker is away, or this way was cut.
        }

        Reset(near);
        Reset(far);
    }

    private static async Task CopyAsync(Socket from, Socket to)
    {
        byte[] buffer = new byte[16 * 1024];
        try
        {
            while (await from.ReceiveAsync(buffer) is > 0 and var length)
            {
                for (int sent = 0; sent < length;)
                    sent += await to.SendAsync(buffer.AsMemory(sent, length - sent));
            }
        }
        catch (Exception gone) when (gone is SocketException or ObjectDisposedException)
        {
            // Its other half ends with it.
        }
    }

    private void Reset(Socket socket)
    {
        if (_sockets.TryRemove(socket, out _))
            socket.Close(0);
    }
}
