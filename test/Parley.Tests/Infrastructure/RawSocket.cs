using System.Net;
using System.Net.Sockets;

namespace Parley.Tests;

/// <summary>Plain sockets on the other end, where a test needs to misbehave or to look closely.</summary>
internal static class RawSocket
{
    public static Socket New(EndPoint endPoint) => endPoint is IPEndPoint ip
        ? new Socket(ip.AddressFamily, SocketType.Stream, ProtocolType.Tcp)
        : new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);

    public static Socket Listen(EndPoint endPoint, int backlog = 128)
    {
        Socket socket = New(endPoint);
        try
        {
            socket.Bind(endPoint);
            socket.Listen(backlog);
            return socket;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    /// <summary>
    /// A live listener at a Unix path. .NET unlinks the path that it has bound when the socket is closed; it does not know this one, so
    /// that closing leaves it behind as a killed process does.
    /// </summary>
    public static Socket ListenAt(string path)
    {
        string boundTo = path + "~";
        Socket socket = Listen(new UnixDomainSocketEndPoint(boundTo));
        File.Move(boundTo, path);
        return socket;
    }

    public static async Task<Socket> ConnectAsync(EndPoint endPoint)
    {
        Socket socket = New(endPoint);
        await socket.ConnectAsync(endPoint).Within();
        return socket;
    }

    /// <summary>A port of the loopback on which nobody listens; it may be given to somebody else at any time.</summary>
    public static IPEndPoint UnusedPort()
    {
        using Socket socket = Listen(new IPEndPoint(IPAddress.Loopback, 0));
        return (IPEndPoint)socket.LocalEndPoint!;
    }

    public static async Task<byte[]> ReadToEndAsync(Socket socket)
    {
        using var all = new MemoryStream();
        byte[] buffer = new byte[64 * 1024];
        int count;
        while ((count = await socket.ReceiveAsync(buffer).Within()) > 0)
            all.Write(buffer, 0, count);
        return all.ToArray();
    }

    public static async Task<byte[]> ReadExactlyAsync(Socket socket, int size)
    {
        byte[] bytes = new byte[size];
        for (int have = 0; have < size;)
        {
            int count = await socket.ReceiveAsync(bytes.AsMemory(have)).Within();
            Assert.True(count > 0, $"the end after {have} of {size} bytes");
            have += count;
        }

        return bytes;
    }

    /// <summary>Closes with a reset instead of a goodbye.</summary>
    public static void Reset(Socket socket)
    {
        socket.LingerState = new LingerOption(enable: true, seconds: 0);
        socket.Close();
    }
}
