using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

namespace Parley.Cli.Tests;

/// <summary>Plain sockets on the other end, where a test needs to misbehave or to look closely.</summary>
internal static class RawSocket
{
    private const int IpProtoTcp = 6;
    private const int TcpInfo = 11;
    private const byte Established = 1;

    public static Socket New(string endpoint) => IsIp(endpoint, out IPEndPoint? ip)
        ? new Socket(ip!.AddressFamily, SocketType.Stream, ProtocolType.Tcp)
        : new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);

    public static async Task<Socket> ConnectAsync(string endpoint, int? receiveBuffer = null)
    {
        long start = Stopwatch.GetTimestamp();
        while (true)
        {
            Socket socket = New(endpoint);
            if (receiveBuffer is { } size)
                socket.ReceiveBufferSize = size;
            try
            {
                await socket.ConnectAsync(Endpoints.Parse(endpoint)).WaitAsync(Limits.Wait);
                return socket;
            }
            catch (SocketException e) when (e.SocketErrorCode == SocketError.WouldBlock && Stopwatch.GetElapsedTime(start) < Limits.Wait)
            {
                // The queue of a Unix socket is full for the moment: a connect that does not block is not kept waiting.
                socket.Dispose();
                await Task.Delay(10);
            }
        }
    }

    public static Socket Bind(string endpoint)
    {
        Socket socket = New(endpoint);
        socket.Bind(Endpoints.Parse(endpoint));
        return socket;
    }

    public static Socket Listen(string endpoint = "tcp://127.0.0.1:0", int backlog = 128)
    {
        Socket socket = Bind(endpoint);
        socket.Listen(backlog);
        return socket;
    }

    /// <summary>Where a bound TCP socket is, as an endpoint of the command.</summary>
    public static string EndpointOf(Socket socket) => Endpoints.Format(socket.LocalEndPoint!);

    public static Task<Socket> AcceptAsync(Socket listener) => listener.AcceptAsync().WaitAsync(Limits.Wait);

    public static async Task SendAsync(Socket socket, ReadOnlyMemory<byte> bytes)
    {
        while (!bytes.IsEmpty)
            bytes = bytes[await socket.SendAsync(bytes).AsTask().WaitAsync(Limits.Transfer)..];
    }

    public static async Task SendAndShutdownAsync(Socket socket, ReadOnlyMemory<byte> bytes)
    {
        await SendAsync(socket, bytes);
        socket.Shutdown(SocketShutdown.Send);
    }

    public static async Task<byte[]> ReadExactlyAsync(Socket socket, int count)
    {
        byte[] bytes = new byte[count];
        int have = 0;
        while (have < count)
        {
            int read = await socket.ReceiveAsync(bytes.AsMemory(have)).AsTask().WaitAsync(Limits.Wait);
            if (read == 0)
                throw new EndOfStreamException($"the end after {have} of {count} bytes");
            have += read;
        }

        return bytes;
    }

    public static async Task<byte[]> ReadToEndAsync(Socket socket)
    {
        using var all = new MemoryStream();
        byte[] buffer = new byte[64 * 1024];
        int read;
        while ((read = await socket.ReceiveAsync(buffer.AsMemory()).AsTask().WaitAsync(Limits.Wait)) > 0)
            all.Write(buffer, 0, read);
        return all.ToArray();
    }

    /// <summary>Connects, says nothing and reads to the end.</summary>
    public static async Task<byte[]> ReceiveFromAsync(string endpoint)
    {
        using Socket socket = await ConnectAsync(endpoint);
        return await ReadToEndAsync(socket);
    }

    /// <summary>Sends everything, half-closes, and meanwhile reads to the end.</summary>
    public static async Task<byte[]> ExchangeAsync(Socket socket, ReadOnlyMemory<byte> bytes)
    {
        Task<byte[]> reply = ReadToEndAsync(socket);
        await SendAndShutdownAsync(socket, bytes);
        return await reply.WaitAsync(Limits.Transfer);
    }

    /// <summary>Closes with a reset instead of a goodbye.</summary>
    public static void Reset(Socket socket)
    {
        socket.LingerState = new LingerOption(enable: true, seconds: 0);
        socket.Close();
    }

    /// <summary>True until the other end has closed its side or broken the connection off.</summary>
    public static bool IsEstablished(Socket socket)
    {
        Span<byte> info = stackalloc byte[104];
        socket.GetRawSocketOption(IpProtoTcp, TcpInfo, info);
        return info[0] == Established;
    }

    /// <summary>Neither data nor the end comes within a moment.</summary>
    public static async Task<bool> IsQuietAsync(Socket socket)
    {
        await Task.Delay(Limits.Quiet);
        return !socket.Poll(TimeSpan.Zero, SelectMode.SelectRead);
    }

    private static bool IsIp(string endpoint, out IPEndPoint? ip)
    {
        ip = Endpoints.IsTcp(endpoint) ? (IPEndPoint)Endpoints.Parse(endpoint) : null;
        return ip is not null;
    }
}
