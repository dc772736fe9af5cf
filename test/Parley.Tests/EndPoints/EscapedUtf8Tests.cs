namespace Parley.Tests.EndPoints;

public sealed class EscapedUtf8Tests
{
    [Theory]
    [InlineData(new byte[0])]
    [InlineData(new byte[] { 0x41, 0xFF, 0x42 })]
    [InlineData(new byte[] { 0xC3 })]
    [InlineData(new byte[] { 0xC3, 0xBC, 0x80, 0xF0, 0x9F, 0x99, 0x82 })]
    [InlineData(new byte[] { 0xED, 0xB2, 0x80 })]
    [InlineData(new byte[] { 0xF0, 0x9F, 0x99 })]
    public void Decode_AnyBytes_AreEncodedBack(byte[] bytes)
        => Assert.Equal(bytes, EscapedUtf8.Encode(EscapedUtf8.Decode(bytes)));

    [Fact]
    public void Decode_RandomBytes_AreEncodedBack()
    {
        for (int seed = 0; seed < 1000; seed++)
        {
            byte[] bytes = Payload.Random(seed % 40, seed);
            Assert.Equal(bytes, EscapedUtf8.Encode(EscapedUtf8.Decode(bytes)));
        }
    }

    [Fact]
    public void Encode_Text_IsUtf8() => Assert.Equal("ünïcödé 🙂"u8.ToArray(), EscapedUtf8.Encode("ünïcödé 🙂"));
}
