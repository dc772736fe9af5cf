using System.Net;
using Parley.Interop.Linux;
using Parley.Transports.Addresses;

namespace Parley.Transports.Sockets;

/// <summary>
/// The address of an accepted client, which most servers never ask for: of IPv4 only the numbers are kept until somebody does.
/// </summary>
internal struct PeerAddress
{
    private EndPoint? _endPoint;
    private readonly uint _address;
    private readonly ushort _port;

    internal PeerAddress(EndPoint? endPoint) => _endPoint = endPoint;

    internal PeerAddress(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length >= 8 && BitConverter.ToUInt16(bytes) == Libc.AF_INET)
        {
            _port = System.Buffers.Binary.BinaryPrimitives.ReadUInt16BigEndian(bytes[2..]);
            _address = BitConverter.ToUInt32(bytes[4..]);
        }
        else
        {
            _endPoint = KernelAddress.Decode(bytes);
        }
    }

    /// <summary>The address; <see langword="null"/> where it has none.</summary>
    internal EndPoint? EndPoint => _endPoint ??= _port == 0 ? null : new IPEndPoint(_address, _port);
}
