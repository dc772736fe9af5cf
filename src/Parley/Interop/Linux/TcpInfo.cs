using System.Runtime.InteropServices;

namespace Parley.Interop.Linux;

/// <summary>What Parley reads of <c>struct tcp_info</c>; the kernel fills as much as it knows of the size it is given.</summary>
[StructLayout(LayoutKind.Explicit, Size = 168)]
internal struct TcpInfo
{
    [FieldOffset(0)] public byte State;
    [FieldOffset(68)] public uint RoundTripMicroseconds;
    [FieldOffset(72)] public uint RoundTripVariationMicroseconds;
    [FieldOffset(100)] public uint TotalRetransmits;
    [FieldOffset(120)] public ulong BytesAcknowledged;
    [FieldOffset(128)] public ulong BytesReceived;
}
