using System.Runtime.InteropServices;

namespace Parley.Interop.Linux;

/// <summary>What Parley reads of <c>struct tcp_info</c>; the kernel fills as much as it knows of the size it is given.</summary>
[StructLayout(LayoutKind.Explicit, Size = 168)]
internal struct TcpInfo
{
    private const byte Close = 7;
    private const byte CloseWait = 8;
    private const byte LastAck = 9;
    private const byte Closing = 11;

    [FieldOffset(0)] public byte State;
    [FieldOffset(68)] public uint RoundTripMicroseconds;
    [FieldOffset(72)] public uint RoundTripVariationMicroseconds;
    [FieldOffset(100)] public uint TotalRetransmits;
    [FieldOffset(120)] public ulong BytesAcknowledged;
    [FieldOffset(128)] public ulong BytesReceived;

    /// <summary>Whether nothing goes any more, neither way.</summary>
    public readonly bool IsClosed => State == Close;

    /// <summary>Whether the state is one that only the peer's FIN leads to (or a reset, which leaves nothing to count).</summary>
    public readonly bool HasReceivedEnd => State is Close or CloseWait or LastAck or Closing;
}
