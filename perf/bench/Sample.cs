using System.Diagnostics;
using System.Globalization;

namespace Parley.Bench;

/// <summary>What all clients need: numbers from text, bytes that are all different, and the one number that they print.</summary>
internal static class Sample
{
    internal static int Number(string text) => int.Parse(text, NumberStyles.None, CultureInfo.InvariantCulture);

    internal static byte[] Bytes(int length)
    {
        byte[] bytes = new byte[length];
        new Random(1).NextBytes(bytes);
        return bytes;
    }

    /// <summary>Outside the timed part.</summary>
    internal static void MustBeEqual(ReadOnlySpan<byte> expected, ReadOnlySpan<byte> actual)
    {
        if (!expected.SequenceEqual(actual))
            throw new InvalidDataException("what came is not what was sent");
    }

    internal static void PrintMicroseconds(long ticks, int count)
        => Console.WriteLine((ticks * 1e6 / Stopwatch.Frequency / count).ToString("0.0000", CultureInfo.InvariantCulture));

    internal static void PrintRate(long ticks, int count)
        => Console.WriteLine((count * (double)Stopwatch.Frequency / ticks).ToString("0", CultureInfo.InvariantCulture));
}
