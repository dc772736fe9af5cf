using System.Net;

namespace Parley.Tests.EndPoints;

/// <summary>A wrong endpoint is refused before anything is opened, with the bad part pointed at.</summary>
public sealed class ParseErrorTests
{
    /// <summary>What is written, words of the problem, and what was probably meant.</summary>
    public static TheoryData<string, string, string?> Wrong => new()
    {
        { "", "empty", null },
        { "tcp://127.0.0.1:99999", "port 99999 is not between 0 and 65535", null },
        { "tcp://127.0.0.1:65536", "port 65536 is not between 0 and 65535", null },
        { "tcp://127.0.0.1:99999999999999", "port 99999999999999 is not between 0 and 65535", null },
        { "tcp://127.0.0.1:-1", "port '-1' is not a number", null },
        { "tcp://127.0.0.1:+1", "port '+1' is not a number", null },
        { "tcp://127.0.0.1:http", "port 'http' is not a number", null },
        { "tcp://127.0.0.1:٥", "is not a number", null },
        { "tcp://127.0.0.1: 5", "is not a number", null },
        { "tcp://127.0.0.1", "the port is missing", "tcp://127.0.0.1:5000" },
        { "tcp://127.0.0.1:", "the port is missing", null },
        { "tcp://[::1]", "the port is missing", "tcp://[::1]:5000" },
        { "localhost", "the port is missing", "tcp://localhost:5000" },
        { "tcp://", "the port is missing", null },
        { "tcp://:5000", "the host is missing", "tcp://127.0.0.1:5000" },
        { ":5000", "the host is missing", "tcp://127.0.0.1:5000" },
        { "tcp:127.0.0.1:5000", "two slashes", "tcp://127.0.0.1:5000" },
        { "tcp:/127.0.0.1:5000", "two slashes", "tcp://127.0.0.1:5000" },
        { "tcp://[::1:5000", "the bracket of the IPv6 address is not closed", null },
        { "tcp://::1:5000", "an IPv6 address stands in brackets", "tcp://[::1]:5000" },
        { "::1:5000", "an IPv6 address stands in brackets", "tcp://[::1]:5000" },
        { "tcp://[127.0.0.1]:5000", "is no IPv6 address", null },
        { "tcp://[::1]x:5000", "is no IPv6 address", null },
        { "tcp://[[::1]]:5000", "is no IPv6 address", null },
        { "tcp://[[::1]:99]:5000", "is no IPv6 address", null },
        { "tcp://[]:5000", "is no IPv6 address", null },
        { "127.1:5000", "'127.1' is no IPv4 address of four numbers", "tcp://127.0.0.1:5000" },
        { "tcp://0x7f000001:5000", "is no IPv4 address of four numbers", "tcp://127.0.0.1:5000" },
        { "tcp://127.0.0.01:5000", "is no IPv4 address of four numbers", "tcp://127.0.0.1:5000" },
        { "tcp://2130706433:5000", "is no IPv4 address of four numbers", "tcp://127.0.0.1:5000" },
        { "tcp://a host:5000", "is no host name", null },
        { "tcp://a\nhost:5000", "is no host name", null },
        { "tcp://*:5000", "is no host name", null },
        { "tcp://host:5000/path", "nothing may follow the port, but '/path' does", "tcp://host:5000" },
        { "tcp://host:5000?query", "nothing may follow the port, but '?query' does", "tcp://host:5000" },
        { "tpc://127.0.0.1:5000", "unknown scheme 'tpc'", "tcp://127.0.0.1:5000" },
        { "tcpp://127.0.0.1:5000", "unknown scheme 'tcpp'", "tcp://127.0.0.1:5000" },
        { "unxi:/tmp/s", "unknown scheme 'unxi'", "unix:/tmp/s" },
        { "stido:", "unknown scheme 'stido'", "stdio:" },
        { "gopher://host:70", "unknown scheme 'gopher'; there are tcp, tls, unix, pipe, fifo, exec, stdio, shm, mq, udp, mem, amqp, amqps", null },
        { "udp://127.0.0.1:99999", "port 99999 is not between 0 and 65535", null },
        { "udp://127.0.0.1:dns", "port 'dns' is not a number", null },
        { "tls://127.0.0.1", "the port is missing", "tls://127.0.0.1:5000" },
        { "tsl://127.0.0.1:5000", "unknown scheme 'tsl'", "tls://127.0.0.1:5000" },
        { "udp://127.0.0.1", "the port is missing", "udp://127.0.0.1:5000" },
        { "udp://", "the port is missing", null },
        { "udp://:5000", "the host is missing", "udp://127.0.0.1:5000" },
        { "udp:127.0.0.1:5000", "two slashes", "udp://127.0.0.1:5000" },
        { "udp://::1:5000", "an IPv6 address stands in brackets", "udp://[::1]:5000" },
        { "udp://[127.0.0.1]:5000", "is no IPv6 address", null },
        { "udp://127.1:5000", "is no IPv4 address of four numbers", "udp://127.0.0.1:5000" },
        { "udp://a host:5000", "is no host name", null },
        { "udp://host:5000/path", "nothing may follow the port, but '/path' does", "udp://host:5000" },
        { "upd://127.0.0.1:5000", "unknown scheme 'upd'", "udp://127.0.0.1:5000" },
        { "amqp://broker", "the queue is missing", "amqp://broker?queue=orders" },
        { "amqp://broker:1/sales?", "the queue is missing", "amqp://broker:1/sales?queue=orders" },
        { "amqps://[::1]/?queue=", "the queue is missing", "amqps://[::1]/?queue=orders" },
        { "amqp:broker?queue=orders", "two slashes", "amqp://broker?queue=orders" },
        { "amqp://?queue=orders", "the host is missing", "amqp://127.0.0.1:5672?queue=orders" },
        { "amqp://broker:99999?queue=orders", "port 99999 is not between 0 and 65535", null },
        { "amqp://a host?queue=orders", "is no host name", null },
        { "amqp://broker?queue=orders&queue=bills", "the queue is named twice", null },
        { "amqp://broker?qeue=orders", "unknown parameter 'qeue' behind the question mark: did you mean queue?", null },
        { "amqp://broker?queue=orders&heartbeat=10", "unknown parameter 'heartbeat' behind the question mark; there is queue", null },
        { "amqp://broker/a/b?queue=orders", "a slash within the virtual host is written %2F", null },
        { "amqp://broker/a%2?queue=orders", "the virtual host has a % that two hexadecimal digits do not follow", null },
        { "amqp://broker?queue=%ff", "the queue's name is no UTF-8", null },
        { "amqp://broker?queue=orders#1", "nothing may follow the query", null },
        { "amqp://broker?queue=" + new string('x', 256), "a queue's name has at most 255 bytes", null },
        { "amqp://broker/" + new string('x', 256) + "?queue=x", "a virtual host's name has at most 255 bytes", null },
        { "ampq://broker?queue=orders", "unknown scheme 'ampq'", "amqp://broker?queue=orders" },
        { "unix:", "the path is missing", "unix:/tmp/parley.sock" },
        { "unix:@", "the path is missing", "unix:/tmp/parley.sock" },
        { "unix://", "the path is missing", "unix:/tmp/parley.sock" },
        { "unix:/" + new string('x', 107), "the path has 108 bytes, a Unix socket's has at most 107", null },
        { "unix:@" + new string('x', 107), "the path has 108 bytes, a Unix socket's has at most 107", null },
        { "unix:" + new string('é', 54), "the path has 108 bytes", null },
        { "unix:/tmp/a\0b", "the path contains a NUL", null },
        { "fifo:in:./out:../more", "contains none of ':/', ':./' and ':../'", null },
        { "fifo:./in:./in", "one FIFO cannot be both ways", null },
        { "fifo:in:./in", "one FIFO cannot be both ways", null },
        { "mem:", "a name is missing", "mem:name" },
        { "stdio:1", "nothing may follow stdio:, but '1' does", "stdio:" },
    };

    /// <summary>However it is written, none of these words may come back: not in a message, a problem or a suggestion.</summary>
    public static TheoryData<string> WithPassword =>
    [
        "tcp://user:hunter2@127.0.0.1:5000",
        "tcp://:hunter2@127.0.0.1:5000",
        "tcp://user:hun@hunter2@127.0.0.1:5000",
        "tcp://user:hunter2/x@127.0.0.1:5000",
        "user:hunter2@127.0.0.1:5000",
        "tcp:user:hunter2@127.0.0.1:5000",
        "udp://user:hunter2@127.0.0.1:5000",
        "tcp:/user:hunter2@127.0.0.1:5000",
        "tpc://user:hunter2@127.0.0.1:5000",
        "tpc:user:hunter2@127.0.0.1:5000",
        "amqp://user:hunter2@broker/queue",
        "amqps://user:hunter2@broker:99999/?queue=orders",
        "amqp://user:hunter2/x@broker?queue=orders",
        "amqp://user:hunter2?x@broker?queue=orders",
        "amqp://user:hunter2#x@broker?queue=orders",
        "amqp://user:hun@hunter2@broker?queue=orders",
        "amqp://:hunter2@broker?queue=orders",
        "amqp://user:hunter2%zz@broker?queue=orders",
        "amqp://user:hunter2@broker/a/b?queue=orders",
        "amqp:user:hunter2@broker?queue=orders",
        "http://user:hunter2@host/",
        "stdio:user:hunter2@host",
    ];

    [Theory]
    [MemberData(nameof(Wrong))]
    public void Parse_WrongText_SaysWhatIsWrongAndWhatWasMeant(string text, string problem, string? suggestion)
    {
        EndPointFormatException failure = Assert.Throws<EndPointFormatException>(() => ParleyEndPoint.Parse(text));

        Assert.Contains(problem, failure.Problem, StringComparison.Ordinal);
        Assert.Equal(suggestion, failure.Suggestion);
        Assert.Equal($"wrong endpoint '{text}': {failure.Problem}", failure.Message);
        Assert.False(ParleyEndPoint.TryParse(text, out EndPoint? endPoint));
        Assert.Null(endPoint);
    }

    [Theory]
    [MemberData(nameof(Wrong))]
    public void Suggestion_OfAWrongText_IsAnEndPoint(string text, string problem, string? suggestion)
    {
        Assert.NotNull(text);
        Assert.NotNull(problem);
        Assert.True(suggestion is null || ParleyEndPoint.TryParse(suggestion, out _), suggestion);
    }

    [Theory]
    [MemberData(nameof(WithPassword))]
    public void Parse_TextWithPassword_NeverShowsIt(string text)
    {
        EndPointFormatException failure = Assert.Throws<EndPointFormatException>(() => ParleyEndPoint.Parse(text));

        foreach (string? shown in new[] { failure.Message, failure.Problem, failure.Suggestion, failure.ToString() })
            Assert.DoesNotContain("hunter2", shown ?? "", StringComparison.Ordinal);
    }

    [Fact]
    public void Parse_Null_IsAMistake()
    {
        Assert.Throws<ArgumentNullException>(() => ParleyEndPoint.Parse(null!));
        Assert.False(ParleyEndPoint.TryParse(null, out _));
    }

    /// <summary>Whatever people type: an endpoint that is written as it is read, or the one exception that says what is wrong.</summary>
    [Fact]
    public void Parse_AnyText_IsAnEndPointOrAFormatException()
    {
        string[] pieces =
        [
            "tcp", "udp", "unix", "mem", "stdio", "fifo", ":./", "../", ":", "://", "/", "@", "[", "]", "::1", "127.0.0.1", "localhost", "5000", "99999",
            "amqp", "?queue=", "&", "%2F", "user:",
            ".", "%1", "-", " ", "é", "?", "#", "\0", "x",
        ];
        var random = new Random(20);
        for (int i = 0; i < 50_000; i++)
        {
            string text = string.Concat(Enumerable.Range(0, random.Next(1, 7)).Select(_ => pieces[random.Next(pieces.Length)]));
            try
            {
                EndPoint parsed = ParleyEndPoint.Parse(text);
                Assert.Equal(parsed, ParleyEndPoint.Parse(ParleyEndPoint.Format(parsed)));
            }
            catch (EndPointFormatException failure)
            {
                Assert.NotEmpty(failure.Problem);
            }
            catch (Exception other)
            {
                Assert.Fail($"'{text}': {other}");
            }
        }
    }
}
