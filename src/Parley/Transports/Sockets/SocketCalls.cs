using Parley.Interop.Linux;
using Parley.Transports.Descriptors;

namespace Parley.Transports.Sockets;

/// <summary>Questions and settings of a socket that take more than one line.</summary>
internal static unsafe class SocketCalls
{
    internal static bool TryGetPeerCredentials(DescriptorHandle socket, out PeerCredentials credentials)
    {
        PeerCredential peer;
        uint length = (uint)sizeof(PeerCredential);
        bool known = Libc.GetSockOpt(socket, Libc.SOL_SOCKET, Libc.SO_PEERCRED, &peer, &length) == 0;
        credentials = known ? new PeerCredentials(peer.Pid, peer.Uid, peer.Gid) : default;
        return known;
    }

    /// <summary>
    /// What TCP_INFO says, in bytes of the conversation: the kernel counts the marks of beginning and end (SYN, FIN) as a byte each.
    /// </summary>
    internal static TcpStatistics? TcpStatistics(DescriptorHandle socket, long bytesSent)
    {
        TcpInfo info = default;
        uint length = (uint)sizeof(TcpInfo);
        if (socket.IsClosed || Libc.GetSockOpt(socket, Libc.IPPROTO_TCP, Libc.TCP_INFO, &info, &length) != 0)
            return null;
        return new TcpStatistics(
            TimeSpan.FromMicroseconds(info.RoundTripMicroseconds),
            TimeSpan.FromMicroseconds(info.RoundTripVariationMicroseconds),
            info.TotalRetransmits,
            Math.Min((long)info.BytesAcknowledged, bytesSent),
            Math.Max(0, (long)info.BytesReceived - (info.HasReceivedEnd ? 1 : 0)));
    }

    /// <summary>
    /// Whether a TCP connection is over without the end of what the peer says having arrived, whatever became of the error: the kernel counts the
    /// end as a byte received.
    /// </summary>
    /// <param name="socket">The socket.</param>
    /// <param name="received">Bytes that were read of it.</param>
    internal static bool WasReset(DescriptorHandle socket, long received)
    {
        TcpInfo info = default;
        uint length = (uint)sizeof(TcpInfo);
        int unread = 0;
        try
        {
            return Libc.GetSockOpt(socket, Libc.IPPROTO_TCP, Libc.TCP_INFO, &info, &length) == 0 && info.IsClosed
                   && Libc.Ioctl(socket, Libc.FIONREAD, &unread) == 0 && (long)info.BytesReceived == received + unread;
        }
        catch (ObjectDisposedException)
        {
            return false;
        }
    }

    /// <summary>Makes close send RST instead of FIN, so that the peer does not take a broken conversation for a finished one.</summary>
    internal static void ResetOnClose(DescriptorHandle socket)
    {
        ulong lingerForNothing = 1; // struct linger { int on = 1, seconds = 0 }
        if (!BitConverter.IsLittleEndian)
            lingerForNothing <<= 32;
        Libc.SetSockOpt(socket, Libc.SOL_SOCKET, Libc.SO_LINGER, &lingerForNothing, sizeof(ulong));
    }

    /// <summary>
    /// Says something to a client that is about to be closed, without waiting for it. What the client has said already is taken off: a Unix socket
    /// that is closed with something unread is a reset to the other side.
    /// </summary>
    internal static void SayLast(DescriptorHandle socket, ReadOnlySpan<byte> words)
    {
        const int Most = 256;
        byte* unread = stackalloc byte[Most];
        fixed (byte* start = words)
            Libc.Send(socket, start, (nuint)words.Length, Libc.MSG_DONTWAIT | Libc.MSG_NOSIGNAL);
        Libc.Recv(socket, unread, Most, Libc.MSG_DONTWAIT);
    }

    /// <summary>Settings that clients inherit when they are made on a listener, so that accepting costs no calls for them.</summary>
    internal static void ApplyTcpOptions(DescriptorHandle socket, ConnectionOptions options)
    {
        SocketOption.Set(socket, Libc.IPPROTO_TCP, Libc.TCP_NODELAY, 1);

        // A peer whose machine or network is gone is noticed after two minutes, though nobody writes to it.
        SocketOption.Set(socket, Libc.SOL_SOCKET, Libc.SO_KEEPALIVE, 1);
        SocketOption.Set(socket, Libc.IPPROTO_TCP, Libc.TCP_KEEPIDLE, 60);
        SocketOption.Set(socket, Libc.IPPROTO_TCP, Libc.TCP_KEEPINTVL, 10);
        SocketOption.Set(socket, Libc.IPPROTO_TCP, Libc.TCP_KEEPCNT, 6);

        // Keepalive never fires while bytes wait to be acknowledged. This does, also when they wait for a peer that was stopped.
        if (options.WriteTimeout != Timeout.InfiniteTimeSpan)
            SocketOption.Set(socket, Libc.IPPROTO_TCP, Libc.TCP_USER_TIMEOUT, (int)Math.Max(1, options.WriteTimeout.TotalMilliseconds));
    }
}
