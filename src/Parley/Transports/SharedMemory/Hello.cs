using System.Buffers.Binary;

namespace Parley.Transports.SharedMemory;

/// <summary>The client's first words (section 1.1 of the protocol).</summary>
internal readonly record struct Hello(LinkKind Kind, uint Features, ulong Capacity)
{
    internal const uint MembarrierFeature = 1;

    internal static ReadOnlySpan<byte> Magic => "PARLEYSM"u8;

    /// <remarks>
    /// Not the membarrier, though the system may have it: with it two sides that sleep at once were both asleep for ever within some 100,000 round trips (seen on
    /// Linux 6.18), and never with fences. Why is not proven; docs/shared-memory-protocol.md, section 5, has a guess.
    /// </remarks>
    internal static uint OwnFeatures => 0;

    internal byte[] ToBytes()
    {
        byte[] bytes = new byte[SharedLayout.HelloSize];
        Magic.CopyTo(bytes);
        BinaryPrimitives.WriteUInt16LittleEndian(bytes.AsSpan(8), SharedLayout.Version);
        BinaryPrimitives.WriteUInt16LittleEndian(bytes.AsSpan(10), (ushort)Kind);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(12), Features);
        BinaryPrimitives.WriteUInt64LittleEndian(bytes.AsSpan(16), Capacity);
        return bytes;
    }

    /// <summary>Reads one that a client has sent.</summary>
    /// <returns>What to answer: <see cref="WelcomeStatus.Welcome"/> where there is nothing wrong with it.</returns>
    internal static WelcomeStatus Read(ReadOnlySpan<byte> bytes, LinkKind offered, out Hello hello)
    {
        hello = new Hello(
            (LinkKind)BinaryPrimitives.ReadUInt16LittleEndian(bytes[10..]),
            BinaryPrimitives.ReadUInt32LittleEndian(bytes[12..]),
            BinaryPrimitives.ReadUInt64LittleEndian(bytes[16..]));
        if (!bytes.StartsWith(Magic))
            return WelcomeStatus.NotUnderstood;
        if (BinaryPrimitives.ReadUInt16LittleEndian(bytes[8..]) != SharedLayout.Version)
            return WelcomeStatus.UnknownVersion;
        if ((hello.Features & ~MembarrierFeature) != 0 || bytes[24..].ContainsAnyExcept((byte)0) || !hello.HasCapacity)
            return WelcomeStatus.NotUnderstood;
        return hello.Kind == offered || hello.Kind == LinkKind.Status ? WelcomeStatus.Welcome : WelcomeStatus.KindNotOffered;
    }

    private bool HasCapacity
        => Capacity == 0 || (ulong.IsPow2(Capacity) && Capacity is >= SharedLayout.SmallestCapacity and <= SharedLayout.LargestCapacity);
}
