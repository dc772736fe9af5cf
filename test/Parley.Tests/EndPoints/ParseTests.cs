using System.Net;
using System.Net.Sockets;

namespace Parley.Tests.EndPoints;

public sealed class ParseTests
{
    /// <summary>What is written, how Parley writes it, and what it is in code.</summary>
    public static TheoryData<string, string, EndPoint> Valid => new()
    {
        { "tcp://127.0.0.1:5000", "tcp://127.0.0.1:5000", new IPEndPoint(IPAddress.Loopback, 5000) },
        { "127.0.0.1:5000", "tcp://127.0.0.1:5000", new IPEndPoint(IPAddress.Loopback, 5000) },
        { "TCP://127.0.0.1:0", "tcp://127.0.0.1:0", new IPEndPoint(IPAddress.Loopback, 0) },
        { "0.0.0.0:65535", "tcp://0.0.0.0:65535", new IPEndPoint(IPAddress.Any, 65535) },
        { "tcp://[::1]:5000", "tcp://[::1]:5000", new IPEndPoint(IPAddress.IPv6Loopback, 5000) },
        { "[::]:80", "tcp://[::]:80", new IPEndPoint(IPAddress.IPv6Any, 80) },
        { "[2001:DB8:0::1]:80", "tcp://[2001:db8::1]:80", new IPEndPoint(IPAddress.Parse("2001:db8::1"), 80) },
        { "[fe80::1%2]:80", "tcp://[fe80::1%2]:80", new IPEndPoint(IPAddress.Parse("fe80::1%2"), 80) },
        { "[::ffff:10.0.0.1]:80", "tcp://[::ffff:10.0.0.1]:80", new IPEndPoint(IPAddress.Parse("::ffff:10.0.0.1"), 80) },
        { "tcp://localhost:5000", "tcp://localhost:5000", new DnsEndPoint("localhost", 5000) },
        { "localhost:5000", "tcp://localhost:5000", new DnsEndPoint("localhost", 5000) },
        { "unix:5000", "unix:5000", new UnixDomainSocketEndPoint("5000") },
        { "a-host.example:1", "tcp://a-host.example:1", new DnsEndPoint("a-host.example", 1) },
        { "unix:/tmp/parley.sock", "unix:/tmp/parley.sock", new UnixDomainSocketEndPoint("/tmp/parley.sock") },
        { "unix:///tmp/parley.sock", "unix:/tmp/parley.sock", new UnixDomainSocketEndPoint("/tmp/parley.sock") },
        { "Unix:/tmp/parley.sock", "unix:/tmp/parley.sock", new UnixDomainSocketEndPoint("/tmp/parley.sock") },
        { "unix:here.sock", "unix:here.sock", new UnixDomainSocketEndPoint("here.sock") },
        { "unix:/tmp/a:b c@d", "unix:/tmp/a:b c@d", new UnixDomainSocketEndPoint("/tmp/a:b c@d") },
        { "unix:@parley", "unix:@parley", new UnixDomainSocketEndPoint("\0parley") },
        { "fifo:/tmp/one", "fifo:/tmp/one", new FifoEndPoint("/tmp/one") },
        { "fifo:one:two", "fifo:one:two", new FifoEndPoint("one:two") },
        { "fifo:one:.two", "fifo:one:.two", new FifoEndPoint("one:.two") },
        { "fifo:/in:/out", "fifo:/in:/out", new FifoEndPoint("/in", "/out") },
        { "fifo:in:./out", "fifo:in:./out", new FifoEndPoint("in", "./out") },
        { "fifo:./in:../out", "fifo:./in:../out", new FifoEndPoint("./in", "../out") },
        { "fifo:a::./b", "fifo:a::./b", new FifoEndPoint("a:", "./b") },
        { "fifo:a:.:/b", "fifo:a:.:/b", new FifoEndPoint("a:.", "/b") },
        { "tls://127.0.0.1:5000", "tls://127.0.0.1:5000", new TlsEndPoint(new IPEndPoint(IPAddress.Loopback, 5000)) },
        { "TLS://[::1]:5000", "tls://[::1]:5000", new TlsEndPoint(new IPEndPoint(IPAddress.IPv6Loopback, 5000)) },
        { "tls://example.org:443", "tls://example.org:443", new TlsEndPoint(new DnsEndPoint("example.org", 443)) },
        { "udp://127.0.0.1:5000", "udp://127.0.0.1:5000", new UdpEndPoint(IPAddress.Loopback, 5000) },
        { "UDP://[::1]:5000", "udp://[::1]:5000", new UdpEndPoint(IPAddress.IPv6Loopback, 5000) },
        { "udp://[ff02::1%2]:5000", "udp://[ff02::1%2]:5000", new UdpEndPoint(IPAddress.Parse("ff02::1%2"), 5000) },
        { "udp://localhost:5000", "udp://localhost:5000", new UdpEndPoint(new DnsEndPoint("localhost", 5000)) },
        { "amqp://broker?queue=orders", "amqp://broker?queue=orders", new AmqpEndPoint(new DnsEndPoint("broker", 5672), "orders") },
        { "AMQP://broker:5672/?queue=orders", "amqp://broker?queue=orders", new AmqpEndPoint(new DnsEndPoint("broker", 0), "orders") },
        { "amqps://broker?queue=orders", "amqps://broker?queue=orders", new AmqpEndPoint(new DnsEndPoint("broker", 5671), "orders", isSecure: true) },
        { "amqp://127.0.0.1:1/%2F?queue=a%20b%26", "amqp://127.0.0.1:1?queue=a%20b%26", new AmqpEndPoint(new IPEndPoint(IPAddress.Loopback, 1), "a b&") },
        { "amqp://[::1]/sales%2Feu?queue=%C3%A9", "amqp://[::1]/sales%2Feu?queue=%C3%A9", new AmqpEndPoint(new IPEndPoint(IPAddress.IPv6Loopback, 5672), "é") { VirtualHost = "sales/eu" } },
        { "amqp://a%40b:x%2Fy@[::1]:7?queue=q", "amqp://a%40b@[::1]:7?queue=q", new AmqpEndPoint(new IPEndPoint(IPAddress.IPv6Loopback, 7), "q") { UserName = "a@b", Password = "x/y" } },
        { "mem:a name", "mem:a name", new MemoryEndPoint("a name") },
        { "stdio:", "stdio:", StandardStreamsEndPoint.Instance },
        { "-", "stdio:", StandardStreamsEndPoint.Instance },
        { LongestUnix, LongestUnix, new UnixDomainSocketEndPoint(LongestUnix["unix:".Length..]) },
        { LongestAbstract, LongestAbstract, new UnixDomainSocketEndPoint("\0" + LongestAbstract["unix:@".Length..]) },
    };

    private static string LongestUnix { get; } = "unix:/" + new string('x', 106);

    private static string LongestAbstract { get; } = "unix:@" + new string('x', 106);

    [Theory]
    [MemberData(nameof(Valid))]
    public void Parse_ValidText_GivesTheEndPoint(string text, string written, EndPoint expected)
    {
        EndPoint parsed = ParleyEndPoint.Parse(text);

        Assert.Equal(expected, parsed);
        Assert.Equal(expected.GetType(), parsed.GetType());
        Assert.Equal(written, ParleyEndPoint.Format(parsed));
        Assert.True(ParleyEndPoint.TryParse(text, out EndPoint? tried));
        Assert.Equal(expected, tried);
    }

    [Theory]
    [MemberData(nameof(Valid))]
    public void Format_AnyEndPoint_ParsesBack(string text, string written, EndPoint endPoint)
    {
        Assert.NotEmpty(text);

        string formatted = ParleyEndPoint.Format(endPoint);

        Assert.Equal(written, formatted);
        Assert.Equal(endPoint, ParleyEndPoint.Parse(formatted));
    }

    [Fact]
    public void Format_EndPointOfAnotherKind_IsWrittenAsItWritesItself()
    {
        Assert.Equal("strange", ParleyEndPoint.Format(new StrangeEndPoint()));
        Assert.Throws<ArgumentNullException>(() => ParleyEndPoint.Format(null!));
    }

    [Fact]
    public void MemoryEndPoint_SameName_IsEqual()
    {
        var one = new MemoryEndPoint("one");

        Assert.Equal(one, new MemoryEndPoint("one"));
        Assert.Equal(one.GetHashCode(), new MemoryEndPoint("one").GetHashCode());
        Assert.NotEqual(one, new MemoryEndPoint("ONE"));
        Assert.False(one.Equals((object)"one"));
        Assert.Equal(AddressFamily.Unspecified, one.AddressFamily);
        Assert.Throws<ArgumentException>(() => new MemoryEndPoint(""));
    }

    [Fact]
    public void AmqpEndPoint_Password_IsReadAndNeverWritten()
    {
        var parsed = (AmqpEndPoint)ParleyEndPoint.Parse("amqp://user:hunt%2Fer2@broker/v?queue=orders");

        Assert.Equal(("user", "hunt/er2", "v", "orders"), (parsed.UserName, parsed.Password, parsed.VirtualHost, parsed.Queue));
        Assert.Equal("amqp://user@broker/v?queue=orders", parsed.ToString());
        Assert.Equal(parsed, ParleyEndPoint.Parse(parsed.ToString()));
        Assert.Equal(parsed.GetHashCode(), ParleyEndPoint.Parse(parsed.ToString()).GetHashCode());
        Assert.NotEqual(parsed, ParleyEndPoint.Parse("amqp://broker/v?queue=orders"));
        Assert.NotEqual(parsed, ParleyEndPoint.Parse("amqps://user@broker:5672/v?queue=orders"));
    }

    [Fact]
    public async Task AmqpEndPoint_WithoutItsPackage_SaysWhatIsMissing()
    {
        EndPoint queue = ParleyEndPoint.Parse("amqp://127.0.0.1:1?queue=orders");

        Assert.True(NamedObject.IsNamed(queue));
        Func<Task>[] calls =
        [
            () => MessageChannel.OpenAsync(queue).AsTask(), () => MessageChannel.BindAsync(queue).AsTask(),
            () => Task.Run(() => NamedObject.Inspect(queue)), () => Task.Run(() => NamedObject.Create(queue)), () => Task.Run(() => NamedObject.Remove(queue)),
        ];
        foreach (Func<Task> call in calls)
        {
            InvalidOperationException failure = await Assert.ThrowsAsync<InvalidOperationException>(call);
            Assert.Contains("Parley.RabbitMQ", failure.Message, StringComparison.Ordinal);
            Assert.Contains("RabbitMQTransport.Use()", failure.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void StandardStreamsEndPoint_AddressFamily_DoesNotThrow()
        => Assert.Equal(AddressFamily.Unspecified, StandardStreamsEndPoint.Instance.AddressFamily);

    private sealed class StrangeEndPoint : EndPoint
    {
        public override string ToString() => "strange";
    }
}
