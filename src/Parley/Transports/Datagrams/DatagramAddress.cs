using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using Parley.Interop.Linux;
using Parley.Transports.Addresses;

namespace Parley.Transports.Datagrams;

/// <summary>Addresses of datagrams, to and from what the kernel writes.</summary>
internal static unsafe class DatagramAddress
{
    /// <summary>Room for the longest, an IPv6 address.</summary>
    internal const int MaxSize = 28;

    internal static UdpEndPoint Decode(ReadOnlySpan<byte> bytes)
        => new(KernelAddress.Decode(bytes) ?? throw new InvalidOperationException("A datagram came without an address."));

    /// <summary>Writes whom a datagram is to for a socket of that family, to <paramref name="target"/>, which has <see cref="MaxSize"/> bytes.</summary>
    /// <returns>Its length.</returns>
    /// <exception cref="ArgumentException">A socket of that family cannot send there.</exception>
    internal static uint Encode(EndPoint peer, int family, byte* target)
    {
        var bytes = new Span<byte>(target, MaxSize);
        bytes.Clear();
        IPEndPoint to = AddressOf(peer);
        IPAddress address = to.Address;
        BitConverter.TryWriteBytes(bytes, (ushort)family);
        BinaryPrimitives.WriteUInt16BigEndian(bytes[2..], (ushort)to.Port);
        if (family == Libc.AF_INET)
        {
            if (address.IsIPv4MappedToIPv6)
                address = address.MapToIPv4();
            if (address.AddressFamily != AddressFamily.InterNetwork)
                throw new ArgumentException($"A channel that was opened or bound to an IPv4 address cannot send to {peer}.", nameof(peer));
            address.TryWriteBytes(bytes[4..], out _);
            return 16;
        }

        if (address.AddressFamily == AddressFamily.InterNetwork)
        {
            // An IPv6 socket reaches IPv4 by ::ffff:a.b.c.d.
            bytes[18] = bytes[19] = 0xff;
            address.TryWriteBytes(bytes[20..], out _);
        }
        else
        {
            address.TryWriteBytes(bytes[8..], out _);
            BitConverter.TryWriteBytes(bytes[24..], (uint)address.ScopeId);
        }

        return MaxSize;
    }

    private static IPEndPoint AddressOf(EndPoint peer) => (peer is UdpEndPoint udp ? udp.Address : peer) as IPEndPoint
        ?? throw new ArgumentException($"A datagram goes to an IP address and a port, not to {ParleyEndPoint.Format(peer)}: a name is looked up when a channel is opened.", nameof(peer));
}
