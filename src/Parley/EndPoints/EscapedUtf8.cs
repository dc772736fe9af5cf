using System.Buffers;
using System.Text;

namespace Parley;

/// <summary>
/// Texts of the system, which are bytes: UTF-8, where each byte that is not stands as a lone surrogate, U+DC00 and the byte, so that nothing is
/// lost on the way there and back. (Python's <c>surrogateescape</c>.)
/// </summary>
internal static class EscapedUtf8
{
    private const char Escape = '\uDC00';
    private const char FirstEscaped = '\uDC80';
    private const char LastEscaped = '\uDCFF';

    internal static byte[] Encode(string text)
    {
        if (!text.AsSpan().ContainsAnyInRange(FirstEscaped, LastEscaped))
            return Encoding.UTF8.GetBytes(text);
        var bytes = new List<byte>(text.Length + 8);
        Span<byte> encoded = stackalloc byte[4];
        for (ReadOnlySpan<char> rest = text; !rest.IsEmpty;)
        {
            if (rest[0] is >= FirstEscaped and <= LastEscaped)
            {
                bytes.Add((byte)(rest[0] - Escape));
                rest = rest[1..];
                continue;
            }

            Rune.DecodeFromUtf16(rest, out Rune rune, out int taken);
            bytes.AddRange(encoded[..rune.EncodeToUtf8(encoded)]);
            rest = rest[taken..];
        }

        return [.. bytes];
    }

    internal static string Decode(ReadOnlySpan<byte> bytes)
    {
        var text = new StringBuilder(bytes.Length);
        while (!bytes.IsEmpty)
        {
            if (Rune.DecodeFromUtf8(bytes, out Rune rune, out int taken) == OperationStatus.Done)
            {
                text.Append(rune.ToString());
                bytes = bytes[taken..];
                continue;
            }

            text.Append((char)(Escape + bytes[0]));
            bytes = bytes[1..];
        }

        return text.ToString();
    }
}
