using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Parley.Interop.Linux;

namespace Parley.Transports.Addresses;

/// <summary>An address as the kernel writes it (<c>struct sockaddr</c>), to and from <see cref="EndPoint"/>.</summary>
internal static unsafe class KernelAddress
{
    /// <summary>Room for the longest, a Unix path: family and 108 bytes, rounded up.</summary>
    internal const int MaxSize = 128;

    /// <summary>What a Unix path may have at most, its closing NUL not counted.</summary>
    internal const int MaxPathBytes = 107;

    private const int PathOffset = 2;

    internal static int Family(EndPoint endPoint) => endPoint switch
    {
        UnixDomainSocketEndPoint => Libc.AF_UNIX,
        IPEndPoint { AddressFamily: AddressFamily.InterNetwork } => Libc.AF_INET,
        _ => Libc.AF_INET6,
    };

    /// <summary>Writes the address to <paramref name="target"/>, which has <see cref="MaxSize"/> bytes.</summary>
    /// <returns>Its length.</returns>
    internal static uint Encode(EndPoint endPoint, byte* target)
    {
        var bytes = new Span<byte>(target, MaxSize);
        bytes.Clear();
        BitConverter.TryWriteBytes(bytes, (ushort)Family(endPoint));
        switch (endPoint)
        {
            case UnixDomainSocketEndPoint unix:
                return EncodePath(UnixPath.Of(unix), bytes);
            case IPEndPoint { AddressFamily: AddressFamily.InterNetwork } ip:
                BinaryPrimitives.WriteUInt16BigEndian(bytes[2..], (ushort)ip.Port);
                ip.Address.TryWriteBytes(bytes[4..], out _);
                return 16;
            default:
                var ip6 = (IPEndPoint)endPoint;
                BinaryPrimitives.WriteUInt16BigEndian(bytes[2..], (ushort)ip6.Port);
                ip6.Address.TryWriteBytes(bytes[8..], out _);
                BitConverter.TryWriteBytes(bytes[24..], (uint)ip6.Address.ScopeId);
                return 28;
        }
    }

    /// <summary>An address of the internet as a number.</summary>
    internal static UInt128 NumberOf(ReadOnlySpan<byte> bytes) => BitConverter.ToUInt16(bytes) == Libc.AF_INET
        ? AddressRange.NumberOf(BinaryPrimitives.ReadUInt32BigEndian(bytes[4..]))
        : BinaryPrimitives.ReadUInt128BigEndian(bytes[8..]);

    /// <summary>Reads an address; <see langword="null"/> for a Unix socket without a name.</summary>
    internal static EndPoint? Decode(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length < PathOffset)
            return null;
        return BitConverter.ToUInt16(bytes) switch
        {
            Libc.AF_INET => new IPEndPoint(new IPAddress(bytes[4..8]), BinaryPrimitives.ReadUInt16BigEndian(bytes[2..])),
            Libc.AF_INET6 => DecodeIPv6(bytes),
            Libc.AF_UNIX => DecodePath(bytes[PathOffset..]),
            _ => null,
        };
    }

    private static IPEndPoint DecodeIPv6(ReadOnlySpan<byte> bytes)
    {
        int port = BinaryPrimitives.ReadUInt16BigEndian(bytes[2..]);
        var address = new IPAddress(bytes[8..24], BitConverter.ToUInt32(bytes[24..]));
        return new IPEndPoint(address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address, port);
    }

    // A leading NUL makes the name abstract: it lives in the kernel and has no file. Its length counts, without a closing NUL.
    private static uint EncodePath(string path, Span<byte> bytes)
    {
        bool isAbstract = path.StartsWith('@');
        int length = Encoding.UTF8.GetBytes(path, bytes[PathOffset..]);
        if (isAbstract)
            bytes[PathOffset] = 0;
        return (uint)(PathOffset + length + (isAbstract ? 0 : 1));
    }

    private static UnixDomainSocketEndPoint? DecodePath(ReadOnlySpan<byte> path)
    {
        if (path.IsEmpty)
            return null;
        if (path[0] == 0)
            return UnixPath.ToEndPoint("@" + Encoding.UTF8.GetString(path[1..]));
        int end = path.IndexOf((byte)0);
        return UnixPath.ToEndPoint(Encoding.UTF8.GetString(end < 0 ? path : path[..end]));
    }
}
