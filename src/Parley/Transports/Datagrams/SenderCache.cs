namespace Parley.Transports.Datagrams;

/// <summary>
/// The senders heard last, so that hearing one again makes no garbage. Bounded: two that share a slot take turns in it. Safe from any
/// thread.
/// </summary>
internal sealed class SenderCache
{
    private const int Slots = 64;

    private readonly Sender?[] _senders = new Sender?[Slots];

    /// <summary>The endpoint of an address as the kernel writes it.</summary>
    internal UdpEndPoint Find(ReadOnlySpan<byte> address)
    {
        ref Sender? slot = ref _senders[SlotOf(address)];
        Sender? known = Volatile.Read(ref slot);
        if (known is null || !address.SequenceEqual(known.Address))
        {
            known = new Sender(address.ToArray(), DatagramAddress.Decode(address));
            Volatile.Write(ref slot, known);
        }

        return known.EndPoint;
    }

    private static int SlotOf(ReadOnlySpan<byte> address)
    {
        uint hash = 2166136261;
        foreach (byte part in address)
            hash = (hash ^ part) * 16777619;
        return (int)((hash ^ (hash >> 16)) % Slots);
    }

    private sealed record Sender(byte[] Address, UdpEndPoint EndPoint);
}
