using System.Security.Cryptography;

namespace Parley.Transports.Spooling;

/// <summary>
/// What the room for a message is filled with before the kernel may write there: what differs afterwards was written. Its bytes never occur in UTF-8, so where text
/// ends is known for sure; they are random besides, for other messages.
/// </summary>
internal static class SpoolPattern
{
    internal const int Length = 64;

    private static ReadOnlySpan<byte> NeverInText => [0xC0, 0xC1, 0xF5, 0xF6, 0xF7, 0xF8, 0xF9, 0xFA, 0xFB, 0xFC, 0xFD, 0xFE, 0xFF];

    internal static void Make(Span<byte> pattern) => RandomNumberGenerator.GetItems(NeverInText, pattern);

    internal static void Fill(Span<byte> room, ReadOnlySpan<byte> pattern)
    {
        int done = Math.Min(Length, room.Length);
        pattern[..done].CopyTo(room);

        // Each copy doubles what there is; a multiple of the pattern stays in step.
        for (; done < room.Length; done *= 2)
            room[..Math.Min(done, room.Length - done)].CopyTo(room[done..]);
    }

    /// <returns>Up to where something else was written; 0 where nothing was.</returns>
    internal static int WrittenLength(ReadOnlySpan<byte> room, ReadOnlySpan<byte> pattern)
    {
        int length = room.Length;
        while (length > 0 && room[length - 1] == pattern[(length - 1) % Length])
            length--;
        return length;
    }
}
