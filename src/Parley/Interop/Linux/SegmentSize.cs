using System.Runtime.InteropServices;

namespace Parley.Interop.Linux;

/// <summary>The control message of one UDP datagram that is several: how long each is. Sent with 16 bits of it, received with 32.</summary>
[StructLayout(LayoutKind.Sequential, Size = Space)]
internal struct SegmentSize
{
    /// <summary>What one takes with its padding.</summary>
    internal const int Space = 24;

    private const int LengthToSend = 16 + sizeof(ushort);

    public ControlMessage Header;
    public int Bytes;

    internal static SegmentSize ToSend(int bytes)
        => new() { Header = new ControlMessage { Length = LengthToSend, Level = Libc.IPPROTO_UDP, Type = Libc.UDP_SEGMENT }, Bytes = bytes };

    internal readonly bool IsReceived => Header is { Level: Libc.IPPROTO_UDP, Type: Libc.UDP_GRO };
}
