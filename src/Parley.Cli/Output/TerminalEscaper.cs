using System.Buffers;

namespace Parley.Cli.Output;

/// <summary>
/// Writes bytes for a terminal: control characters, which could move the cursor, change the title or type for the user, appear as
/// <c>\x1b</c>, and so do those of Unicode that change the direction of a text, which then reads other than it is. Line ends and tabs
/// stay. Works on a stream of pieces: what a piece ends with may depend on the next one.
/// </summary>
internal sealed class TerminalEscaper
{
    private const byte Escape = 0x7f;
    private const byte FirstOfC1 = 0xc2;
    private const byte FirstOfDirections = 0xe2;

    private byte? _held;

    // Behind the first byte of a direction.
    private byte? _second;
    private int _continuations;

    internal void Append(ReadOnlySpan<byte> bytes, IBufferWriter<byte> target)
    {
        foreach (byte next in bytes)
        {
            if (_held is byte held)
            {
                if (held == FirstOfDirections ? TryDirection(next, target) : TryCombine(held, next, target))
                    continue;
            }

            bool continues = _continuations > 0 && next is >= 0x80 and < 0xc0;
            _continuations = continues ? _continuations - 1 : Continuations(next);
            if (next is (byte)'\r' or FirstOfC1 or FirstOfDirections)
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
        if (_second is byte second)
            WriteEscaped(second, target);
        _held = _second = null;
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
    private bool TryCombine(byte held, byte next, IBufferWriter<byte> target)
    {
        _held = null;
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

    // U+200E, U+200F, U+202A to U+202E and U+2066 to U+2069 begin with e2 80 or e2 81, as much does that is harmless.
    private bool TryDirection(byte next, IBufferWriter<byte> target)
    {
        if (_second is not byte second)
        {
            if (next is 0x80 or 0x81)
            {
                _second = next;
                return true;
            }

            _held = null;
            target.Write([FirstOfDirections]);
            return false;
        }

        _held = _second = null;
        if (second == 0x80 ? next is 0x8e or 0x8f or (>= 0xaa and <= 0xae) : next is >= 0xa6 and <= 0xa9)
        {
            WriteEscaped(FirstOfDirections, target);
            WriteEscaped(second, target);
            WriteEscaped(next, target);
            _continuations = 0;
            return true;
        }

        target.Write([FirstOfDirections, second]);
        _continuations = 1;
        return false;
    }

    private static void WriteEscaped(byte value, IBufferWriter<byte> target)
    {
        const string Digits = "0123456789abcdef";
        target.Write([(byte)'\\', (byte)'x', (byte)Digits[value >> 4], (byte)Digits[value & 15]]);
    }
}
