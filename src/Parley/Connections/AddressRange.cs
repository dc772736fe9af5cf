using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace Parley;

/// <summary>A range of addresses as one number each: IPv4 is the part of IPv6 that is there for it, ::ffff:0:0/96.</summary>
internal readonly struct AddressRange
{
    private const int Bits = 128;
    private const int BitsOfIPv4 = 32;

    private readonly UInt128 _first;
    private readonly UInt128 _mask;

    private AddressRange(UInt128 first, int prefix)
    {
        _mask = prefix == 0 ? 0 : UInt128.MaxValue << (Bits - prefix);
        _first = first;
    }

    internal static bool IsIPv4(UInt128 address) => address >> BitsOfIPv4 == 0xFFFF;

    internal static UInt128 NumberOf(IPAddress address)
    {
        Span<byte> bytes = stackalloc byte[16];
        return address.TryWriteBytes(bytes, out int length) && length == 16 ? BinaryPrimitives.ReadUInt128BigEndian(bytes) : NumberOf(BinaryPrimitives.ReadUInt32BigEndian(bytes));
    }

    internal static UInt128 NumberOf(uint address) => ((UInt128)0xFFFF << BitsOfIPv4) | address;

    internal static string ToText(UInt128 address)
    {
        Span<byte> bytes = stackalloc byte[16];
        BinaryPrimitives.WriteUInt128BigEndian(bytes, address);
        return new IPAddress(IsIPv4(address) ? bytes[12..] : bytes).ToString();
    }

    // Whoever writes ::/0 means IPv6.
    internal bool Contains(UInt128 address) => (address & _mask) == _first && (IsIPv4(_first) || !IsIPv4(address));

    internal static bool TryParse(string text, out AddressRange range, out string? problem)
    {
        range = default;
        problem = null;
        int slash = text.IndexOf('/', StringComparison.Ordinal);
        if (!TryParseAddress(slash < 0 ? text : text[..slash], out IPAddress? address))
            return false;
        bool isIPv4 = address.AddressFamily == AddressFamily.InterNetwork;
        int most = isIPv4 ? BitsOfIPv4 : Bits;
        int prefix = most;
        if (slash >= 0 && !TryParsePrefix(text[(slash + 1)..], most, out prefix))
        {
            problem = $"'{text}': behind the slash is a number of bits, 0 to {most}";
            return false;
        }

        range = new AddressRange(NumberOf(address), isIPv4 ? prefix + Bits - BitsOfIPv4 : prefix);
        if ((range._first & ~range._mask) == 0)
            return true;
        problem = $"'{text}': the address has bits behind the first {prefix}; which of the two is wrong?";
        return false;
    }

    // What else the system takes for an address (127.1, 0x7f000001, 010.0.0.1, fe80::1%eth0) is written by mistake, or by somebody who means no good.
    private static bool TryParseAddress(string text, [NotNullWhen(true)] out IPAddress? address)
        => IPAddress.TryParse(text, out address)
            && (address.AddressFamily == AddressFamily.InterNetwork ? address.ToString() == text : text.All(static one => char.IsAsciiHexDigit(one) || one is ':' or '.'));

    private static bool TryParsePrefix(string text, int most, out int prefix)
        => int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out prefix) && prefix <= most && (text.Length == 1 || text[0] != '0');
}
