using System.Net;

namespace Parley.Tests.Access;

/// <summary>How rules are read, and whom they mean.</summary>
public sealed class RuleTests
{
    private static readonly string Pin = TlsCertificate.PinOf(TlsCertificate.CreateSelfSigned("localhost"));

    [Theory]
    [InlineData("127.0.0.1", PeerRuleKind.Network)]
    [InlineData("0.0.0.0/0", PeerRuleKind.Network)]
    [InlineData("10.0.0.0/8", PeerRuleKind.Network)]
    [InlineData("::1", PeerRuleKind.Network)]
    [InlineData("::/0", PeerRuleKind.Network)]
    [InlineData("2001:db8::/32", PeerRuleKind.Network)]
    [InlineData("::ffff:10.0.0.0/104", PeerRuleKind.Network)]
    [InlineData("uid:0", PeerRuleKind.User)]
    [InlineData("uid:4294967294", PeerRuleKind.User)]
    [InlineData("user:root", PeerRuleKind.User)]
    [InlineData("gid:100", PeerRuleKind.Group)]
    [InlineData("san:app.example", PeerRuleKind.CertificateName)]
    [InlineData("san:spiffe://example/app", PeerRuleKind.CertificateName)]
    public void Parse_Rule_IsWrittenAsItIsRead(string text, PeerRuleKind kind)
    {
        PeerRule rule = PeerRule.Parse(text);

        Assert.Equal(kind, rule.Kind);
        Assert.Equal(text, rule.ToString());
    }

    [Fact]
    public void Parse_Pin_IsRead() => Assert.Equal(PeerRuleKind.Pin, PeerRule.Parse("pin:" + Pin).Kind);

    [Theory]
    [InlineData("")]
    [InlineData(" ")]
    [InlineData("localhost")]
    [InlineData("127.1")]
    [InlineData("0x7f000001")]
    [InlineData("2130706433")]
    [InlineData("010.0.0.1")]
    [InlineData("256.0.0.1")]
    [InlineData("127.0.0.1 ")]
    [InlineData("127.0.0.1/")]
    [InlineData("127.0.0.1/33")]
    [InlineData("127.0.0.1/-1")]
    [InlineData("10.0.0.0/08")]
    [InlineData("10.0.0.0/8/8")]
    [InlineData("10.0.0.1/8")]
    [InlineData("10.0.0.0/+8")]
    [InlineData("10.0.0.0/99999999999")]
    [InlineData("::1/129")]
    [InlineData("2001:db8::1/32")]
    [InlineData("fe80::1%lo")]
    [InlineData("[::1]")]
    [InlineData("::1:5000:::")]
    [InlineData("uid:")]
    [InlineData("uid:-1")]
    [InlineData("uid:4294967295")]
    [InlineData("uid:99999999999999999999")]
    [InlineData("uid:0x0")]
    [InlineData("uid: 0")]
    [InlineData("uid:root")]
    [InlineData("UID:0")]
    [InlineData("user:")]
    [InlineData("user:no-such-user-here")]
    [InlineData("user:root\0x")]
    [InlineData("gid:1.0")]
    [InlineData("san:")]
    [InlineData("san: x")]
    [InlineData("san:a\nb")]
    [InlineData("pin:")]
    [InlineData("pin:abc")]
    [InlineData("pid:1")]
    public void Parse_NoRule_IsRefusedWithoutItsControlCharacters(string text)
    {
        Assert.False(PeerRule.TryParse(text, out _));
        string problem = Assert.Throws<FormatException>(() => PeerRule.Parse(text)).Message;
        Assert.DoesNotContain(problem, char.IsControl);
    }

    [Fact]
    public void Parse_LongText_IsRefused() => Assert.False(PeerRule.TryParse("san:" + new string('a', 2000), out _));

    [Theory]
    [InlineData("10.0.0.0/8", "10.0.0.0", true)]
    [InlineData("10.0.0.0/8", "10.255.255.255", true)]
    [InlineData("10.0.0.0/8", "9.255.255.255", false)]
    [InlineData("10.0.0.0/8", "11.0.0.0", false)]
    [InlineData("10.0.0.0/8", "::ffff:10.1.2.3", true)]
    [InlineData("::ffff:10.0.0.0/104", "10.1.2.3", true)]
    [InlineData("127.0.0.1", "127.0.0.1", true)]
    [InlineData("127.0.0.1", "127.0.0.2", false)]
    [InlineData("127.0.0.1", "::1", false)]
    [InlineData("192.0.2.6/31", "192.0.2.7", true)]
    [InlineData("192.0.2.6/31", "192.0.2.8", false)]
    [InlineData("0.0.0.0/0", "255.255.255.255", true)]
    [InlineData("0.0.0.0/0", "::1", false)]
    [InlineData("::/0", "2001:db8::1", true)]
    [InlineData("::/0", "127.0.0.1", false)]
    [InlineData("::/64", "::ffff:127.0.0.1", false)]
    [InlineData("::/64", "::1", true)]
    [InlineData("2001:db8::/33", "2001:db8:7fff:ffff:ffff:ffff:ffff:ffff", true)]
    [InlineData("2001:db8::/33", "2001:db8:8000::", false)]
    [InlineData("::1", "::1", true)]
    [InlineData("::1", "::2", false)]
    public void Network_Address_IsMeantOrNot(string rule, string address, bool isMeant)
        => Assert.Equal(isMeant, PeerRule.Parse(rule).Matches(AddressRange.NumberOf(IPAddress.Parse(address))));

    [Theory]
    [InlineData("", "", "10.0.0.1", true)]
    [InlineData("10.0.0.0/8", "", "10.0.0.1", true)]
    [InlineData("10.0.0.0/8", "", "11.0.0.1", false)]
    [InlineData("10.0.0.0/8 11.0.0.1", "", "11.0.0.1", true)]
    [InlineData("10.0.0.0/8", "10.0.0.1", "10.0.0.1", false)]
    [InlineData("10.0.0.1", "10.0.0.0/8", "10.0.0.1", false)]
    [InlineData("", "10.0.0.1", "10.0.0.2", true)]
    [InlineData("", "10.0.0.1", "10.0.0.1", false)]
    [InlineData("san:x", "", "10.0.0.1", true)]
    [InlineData("san:x", "10.0.0.1", "10.0.0.1", false)]
    public void Rules_Address_DenyWinsAndAllowHasToMatch(string allow, string deny, string address, bool isPermitted)
        => Assert.Equal(isPermitted, Rules(allow, deny).MayPermit(AddressRange.NumberOf(IPAddress.Parse(address))));

    [Theory]
    [InlineData("uid:5", "", 5, 9, true)]
    [InlineData("uid:5", "", 0, 0, false)]
    [InlineData("gid:9", "", 5, 9, true)]
    [InlineData("uid:5", "gid:9", 5, 9, false)]
    [InlineData("", "uid:5", 6, 9, true)]
    public void Rules_User_DenyWinsAndAllowHasToMatch(string allow, string deny, uint user, uint group, bool isPermitted)
        => Assert.Equal(isPermitted, Rules(allow, deny).Permit(user, group));

    [Theory]
    [InlineData("san:app.example", true)]
    [InlineData("san:APP.example", true)]
    [InlineData("san:192.0.2.7", true)]
    [InlineData("san:2001:DB8::7", true)]
    [InlineData("san:example", false)]
    [InlineData("san:*.example", false)]
    [InlineData("san:app.example.", false)]
    [InlineData("san:192.0.2.8", false)]
    [InlineData("san:spiffe://app.example", false)]
    [InlineData("san:a@app.example", false)]
    public void CertificateName_OfTheCertificate_IsMeant(string rule, bool isMeant)
    {
        using var certificate = TlsCertificate.CreateSelfSigned("app.example", "192.0.2.7", "2001:db8::7");

        Assert.Equal(isMeant, PeerRule.Parse(rule).Matches(new PeerCertificate(certificate)));
    }

    [Fact]
    public void Pin_OfTheCertificate_IsMeant()
    {
        using var certificate = TlsCertificate.CreateSelfSigned("app.example");

        Assert.True(PeerRule.Parse("pin:" + TlsCertificate.PinOf(certificate)).Matches(new PeerCertificate(certificate)));
        Assert.False(PeerRule.Parse("pin:" + Pin).Matches(new PeerCertificate(certificate)));
    }

    [Fact]
    public void Certificate_AddressAllowedAndCertificateNot_OneIsEnoughAndDenyWins()
    {
        using var certificate = TlsCertificate.CreateSelfSigned("app.example");
        var peer = new PeerCertificate(certificate);
        UInt128 address = AddressRange.NumberOf(IPAddress.Parse("10.0.0.1"));

        Assert.True(Rules("10.0.0.1 san:other", "").Permit(address, peer));
        Assert.True(Rules("10.0.0.2 san:app.example", "").Permit(address, peer));
        Assert.False(Rules("10.0.0.2 san:other", "").Permit(address, peer));
        Assert.False(Rules("10.0.0.1", "san:app.example").Permit(address, peer));
    }

    [Theory]
    [InlineData("tcp://127.0.0.1:0", "uid:0")]
    [InlineData("tcp://127.0.0.1:0", "san:x")]
    [InlineData("unix:@parley-rules", "127.0.0.1")]
    [InlineData("pipe:parley-rules", "::/0")]
    [InlineData("shm:parley-rules", "san:x")]
    [InlineData("mem:parley-rules", "uid:0")]
    [InlineData("fifo:/tmp/parley-rules", "127.0.0.1")]
    public async Task Bind_RuleThatCannotBeAnswered_IsRefused(string endPoint, string rule)
    {
        var options = new ListenerOptions { AccessRules = Rules(rule, ""), Direction = ConnectionDirection.ReceiveOnly };

        await Assert.ThrowsAsync<ArgumentException>(async () => await ConnectionListener.BindAsync(ParleyEndPoint.Parse(endPoint), options));
        await Assert.ThrowsAsync<ArgumentException>(async () => await Connection.ConnectAsync(ParleyEndPoint.Parse(endPoint), options));
    }

    [Fact]
    public async Task Bind_CertificateRuleWhereNoneIsAskedFor_IsRefused()
    {
        var options = new ListenerOptions { AccessRules = Rules("san:x", ""), Tls = TlsPeers.Server() };

        await Assert.ThrowsAsync<ArgumentException>(async () => await ConnectionListener.BindAsync(ParleyEndPoint.Parse("tls://127.0.0.1:0"), options));
    }

    private static AccessRules Rules(string allow, string deny) => new(Parse(allow), Parse(deny));

    private static IEnumerable<PeerRule> Parse(string rules) => rules.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(PeerRule.Parse);
}
