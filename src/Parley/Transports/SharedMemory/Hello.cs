using System.Buffers.Binary;

namespace Parley.Transports.SharedMemory;

/// <summary>The client's first words (section 1.1 of the protocol).</summary>
internal readonly record struct Hello(LinkKind Kind, uint Features, ulong Capacity)
{
    internal const uint MembarrierFeature = 1;

    internal static ReadOnlySpan<byte> Magic => "PARLEYSM"u8;

    /// <summary>What this side can do for a conversation of a kind. Bytes come in pieces for which a fence is nothing.</summary>
    internal static uint OwnFeatures(LinkKind kind) => kind == LinkKind.Messages && Membarrier.IsAvailable ? MembarrierFeature : 0;

    /// <summary>Whether both sides leave the publisher's fence to the sleeper.</summary>
    internal static bool AgreesOnMembarrier(LinkKind kind, uint peersFeatures) => (OwnFeatures(kind) & peersFeatures & MembarrierFeature) != 0;

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
