using System.Numerics;
using System.Runtime.InteropServices;

namespace Parley.Transports.Spooling;

/// <summary>CRC-32C, by the processor where it can.</summary>
internal static class SpoolChecksum
{
    internal static uint Of(ReadOnlySpan<byte> bytes, uint before = 0)
    {
        uint sum = ~before;
        foreach (ulong word in MemoryMarshal.Cast<byte, ulong>(bytes))
            sum = BitOperations.Crc32C(sum, word);
        foreach (byte last in bytes[(bytes.Length & ~7)..])
            sum = BitOperations.Crc32C(sum, last);
        return ~sum;
    }
}
