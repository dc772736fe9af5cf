using System.Buffers;

namespace Parley.Cli.Output;

/// <summary>
/// Writes bytes for a terminal: control characters, which could move the cursor, change the title or type for the user, appear as
/// <c>\x1b</c>. Line ends and tabs stay. Works on a stream of pieces: what a piece ends with may depend on the next one.
/// </summary>
internal sealed class TerminalEscaper
{
    private const byte Escape = 0x7f;
    private const byte FirstOfC1 = 0xc2;

    private byte? _held;
    private int _continuations;

    internal void Append(ReadOnlySpan<byte> bytes, IBufferWriter<byte> target)
    {
        foreach (byte next in bytes)
        {
            if (_held is byte held)
            {
                _held = null;
                if (TryCombine(held, next, target))
                    continue;
            }

            bool continues = _continuations > 0 && next is >= 0x80 and < 0xc0;
            _continuations = continues ? _continuations - 1 : Continuations(next);
            if (next is (byte)'\r' or FirstOfC1)
                _held = next;
            else if (next is >= 0x80 and < 0xa0 && !continues)
                WriteEscaped(next, target);
            else if ((next < 0x20 && next is not ((byte)'\n' or (byte)'\t')) || next == Escape)
                WriteEscaped(next, target);
            else
                target.Write([next]);
        }
    }

    /// <summary>Writes what waits for a next piece that does not come.</summary>
    internal void Finish(IBufferWriter<byte> target)
    {
        if (_held is byte held)
            WriteEscaped(held, target);
        _held = null;
    }

    /// <summary>How many bytes follow the first one of a character in UTF-8. Bytes of 0x80 to 0x9f elsewhere are controls to some terminals.</summary>
    private static int Continuations(byte first) => first switch
    {
        >= 0xc3 and < 0xe0 => 1,
        >= 0xe0 and < 0xf0 => 2,
        >= 0xf0 and < 0xf5 => 3,
        _ => 0,
    };

    // A carriage return alone overwrites its line; the characters U+0080 to U+009F are controls too.
    private static bool TryCombine(byte held, byte next, IBufferWriter<byte> target)
    {
        if (held == '\r')
        {
            if (next == '\n')
                target.Write("\r\n"u8);
            else
                WriteEscaped(held, target);
            return next == '\n';
        }

        if (next is >= 0x80 and < 0xa0)
        {
            WriteEscaped(held, target);
            WriteEscaped(next, target);
            return true;
        }

        target.Write([held]);
        if (next is < 0xa0 or >= 0xc0)
            return false;
        target.Write([next]);
        return true;
    }

    private static void WriteEscaped(byte value, IBufferWriter<byte> target)
    {
        const string Digits = "0123456789abcdef";
        target.Write([(byte)'\\', (byte)'x', (byte)Digits[value >> 4], (byte)Digits[value & 15]]);
    }
}
