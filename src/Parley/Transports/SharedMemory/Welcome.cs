using System.Buffers.Binary;

namespace Parley.Transports.SharedMemory;

/// <summary>The server's answer (section 1.2 of the protocol).</summary>
internal readonly record struct Welcome(LinkKind Kind, uint Features, WelcomeStatus Status, SegmentShape Shape, int Version = SharedLayout.Version)
{
    internal static Welcome Refusal(WelcomeStatus status) => new(LinkKind.None, 0, status, default);

    internal byte[] ToBytes()
    {
        byte[] bytes = new byte[SharedLayout.WelcomeSize];
        Hello.Magic.CopyTo(bytes);
        BinaryPrimitives.WriteUInt16LittleEndian(bytes.AsSpan(8), (ushort)Version);
        BinaryPrimitives.WriteUInt16LittleEndian(bytes.AsSpan(10), (ushort)Kind);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(12), Features);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(16), (uint)Status);
        BinaryPrimitives.WriteInt64LittleEndian(bytes.AsSpan(24), Shape.Size);
        BinaryPrimitives.WriteInt64LittleEndian(bytes.AsSpan(32), Shape.FirstRing);
        BinaryPrimitives.WriteInt64LittleEndian(bytes.AsSpan(40), Shape.SecondRing);
        BinaryPrimitives.WriteInt64LittleEndian(bytes.AsSpan(48), Shape.Capacity);
        return bytes;
    }

    /// <summary>Reads one that a server has sent.</summary>
    /// <param name="bytes">All its bytes.</param>
    /// <param name="asked">The kind asked for.</param>
    /// <exception cref="InvalidDataException">It is none; the message says why.</exception>
    internal static Welcome Read(ReadOnlySpan<byte> bytes, LinkKind asked)
    {
        if (!bytes.StartsWith(Hello.Magic))
            throw new InvalidDataException("the server does not speak the shared-memory protocol");
        var welcome = new Welcome(
            (LinkKind)BinaryPrimitives.ReadUInt16LittleEndian(bytes[10..]),
            BinaryPrimitives.ReadUInt32LittleEndian(bytes[12..]),
            (WelcomeStatus)BinaryPrimitives.ReadUInt32LittleEndian(bytes[16..]),
            new SegmentShape(
                BinaryPrimitives.ReadInt64LittleEndian(bytes[24..]),
                BinaryPrimitives.ReadInt64LittleEndian(bytes[32..]),
                BinaryPrimitives.ReadInt64LittleEndian(bytes[40..]),
                BinaryPrimitives.ReadInt64LittleEndian(bytes[48..])),
            BinaryPrimitives.ReadUInt16LittleEndian(bytes[8..]));

        // A later version may use what is reserved now; what it says of itself is all that can be understood of it.
        if (welcome.Status == WelcomeStatus.UnknownVersion)
            return welcome;
        if (welcome.Version != SharedLayout.Version)
            throw new InvalidDataException($"the server speaks version {welcome.Version} without being asked to");
        if (bytes[20..24].ContainsAnyExcept((byte)0) || bytes[56..].ContainsAnyExcept((byte)0))
            throw new InvalidDataException("reserved fields of the welcome are set");
        if (welcome.Status != WelcomeStatus.Welcome)
            return welcome;
        if (welcome.Kind != asked)
            throw new InvalidDataException($"the server welcomes kind {(ushort)welcome.Kind}, not {(ushort)asked}");
        if ((welcome.Features & ~Hello.MembarrierFeature) != 0)
            throw new InvalidDataException($"unknown features 0x{welcome.Features:x} in the welcome");
        return welcome;
    }
}
