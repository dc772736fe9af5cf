using System.Buffers;
using System.Text;
using Parley.Cli.Output;

namespace Parley.Cli.Tests.Options;

/// <summary>What a terminal is spared, however the bytes are cut into pieces.</summary>
public sealed class TerminalEscaperTests
{
    [Theory]
    [InlineData("plain kůň … “quoted” 漢字 🐎 end\r\n\t", "plain kůň … “quoted” 漢字 🐎 end\r\n\t")]
    [InlineData("\u202ecod.exe", @"\xe2\x80\xaecod.exe")]
    [InlineData("\u200e\u200f\u202a\u202b\u202c\u202d", @"\xe2\x80\x8e\xe2\x80\x8f\xe2\x80\xaa\xe2\x80\xab\xe2\x80\xac\xe2\x80\xad")]
    [InlineData("\u2066\u2067\u2068\u2069", @"\xe2\x81\xa6\xe2\x81\xa7\xe2\x81\xa8\xe2\x81\xa9")]
    [InlineData("\u200d\u2010\u2029\u202f\u2065\u206a", "\u200d\u2010\u2029\u202f\u2065\u206a")]
    [InlineData("\u001b[31m\u0085\r", @"\x1b[31m\xc2\x85\x0d")]
    public void Text_CutAnywhere_IsEscapedAlike(string text, string expected)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(text);

        for (int first = 0; first <= bytes.Length; first++)
        {
            for (int second = first; second <= bytes.Length; second++)
                Assert.Equal(expected, Encoding.UTF8.GetString(Escape(bytes[..first], bytes[first..second], bytes[second..])));
        }
    }

    [Theory]
    [InlineData(new byte[] { 0xe2 }, @"\xe2")]
    [InlineData(new byte[] { 0xe2, 0x80 }, @"\xe2\x80")]
    [InlineData(new byte[] { 0xe2, 0x80, (byte)'\n' }, "e2800a")]
    [InlineData(new byte[] { 0xe2, 0xe2, 0x80, 0xae }, "e25c7865325c7838305c786165")]
    [InlineData(new byte[] { 0xe2, 0x80, 0xe2, 0x80, 0xae }, "e2805c7865325c7838305c786165")]
    [InlineData(new byte[] { 0xe2, 0x41, 0x9b }, "e2415c783962")]
    public void Bytes_ThatAreNoText_HideNothing(byte[] bytes, string expected)
    {
        byte[] escaped = Escape(bytes);

        Assert.Equal(expected, expected[0] == '\\' ? Encoding.UTF8.GetString(escaped) : Convert.ToHexStringLower(escaped));
    }

    private static byte[] Escape(params byte[][] pieces)
    {
        var escaper = new TerminalEscaper();
        var target = new ArrayBufferWriter<byte>();
        foreach (byte[] piece in pieces)
            escaper.Append(piece, target);
        escaper.Finish(target);
        return target.WrittenSpan.ToArray();
    }
}
