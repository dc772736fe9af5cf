using System.Diagnostics.CodeAnalysis;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Parley;

/// <summary>
/// Endpoints as text: <c>tcp://host:port</c> (or <c>host:port</c> alone), <c>tls://host:port</c>, <c>unix:/path</c>, <c>unix:@name</c>, <c>pipe:name</c>,
/// <c>fifo:/path</c> (or <c>fifo:/in:/out</c>), <c>stdio:</c> (or <c>-</c>), <c>shm:name</c> (or <c>shm:/path</c>), <c>mq:/name</c>,
/// <c>udp://host:port</c>, <c>mem:name</c>, <c>amqp://host?queue=name</c> (or <c>amqps:</c>). Safe for use by any number of threads.
/// </summary>
public static class ParleyEndPoint
{
    private const int MaxUnixPathBytes = 107;

    /// <summary>Reads an endpoint. Opens nothing and asks nobody: a host name becomes a <see cref="DnsEndPoint"/>.</summary>
    /// <param name="text">The endpoint as it is written.</param>
    /// <returns>
    /// An <see cref="IPEndPoint"/>, <see cref="DnsEndPoint"/>, <see cref="TlsEndPoint"/>, <see cref="UnixDomainSocketEndPoint"/>,
    /// <see cref="NamedPipeEndPoint"/>, <see cref="FifoEndPoint"/>, <see cref="StandardStreamsEndPoint"/>,
    /// <see cref="SharedMemoryEndPoint"/>, <see cref="MessageQueueEndPoint"/>, <see cref="UdpEndPoint"/>, <see cref="MemoryEndPoint"/> or <see cref="AmqpEndPoint"/>.
    /// </returns>
    /// <exception cref="EndPointFormatException">The text is no endpoint.</exception>
    public static EndPoint Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        if (text.Length == 0)
            throw new EndPointFormatException(text, "it is empty");
        if (text == "-")
            return StandardStreamsEndPoint.Instance;

        (string? scheme, string rest) = SplitScheme(text);
        return scheme switch
        {
            null => ParseHostAndPort(text, text, Schemes.Tcp),
            Schemes.Tcp => ParseHostAndPort(text, AfterSlashes(text, rest, Schemes.Tcp), Schemes.Tcp),
            Schemes.Tls => new TlsEndPoint(ParseHostAndPort(text, AfterSlashes(text, rest, Schemes.Tls), Schemes.Tls)),
            Schemes.Udp => new UdpEndPoint(ParseHostAndPort(text, AfterSlashes(text, rest, Schemes.Udp), Schemes.Udp)),
            Schemes.Amqp or Schemes.Amqps => AmqpText.Parse(text, AfterSlashes(text, rest, scheme), scheme, address => ParseHostAndPort(text, address, scheme)),
            Schemes.MessageQueue => Checked(text, rest, "mq:/orders", static name => new MessageQueueEndPoint(name)),
            Schemes.SharedMemory => ParseSharedMemory(text, rest),
            Schemes.Unix => ParseUnix(text, rest),
            Schemes.NamedPipe => Checked(text, rest, "pipe:name", static name => new NamedPipeEndPoint(name)),
            Schemes.Fifo => Checked(text, rest, "fifo:/tmp/parley.fifo", FifoEndPoint.Parse),
            Schemes.Process => throw new EndPointFormatException(text, "a program is no text: on the command line it stands after --, in code it is a ProcessEndPoint"),
            Schemes.Memory => rest.Length > 0 ? new MemoryEndPoint(rest) : throw new EndPointFormatException(text, "a name is missing", "mem:name"),
            Schemes.StandardStreams => rest.Length == 0
                ? StandardStreamsEndPoint.Instance
                : throw new EndPointFormatException(text, $"nothing may follow stdio:, but '{rest}' does", "stdio:"),
            _ => throw UnknownScheme(text, scheme, rest),
        };
    }

    /// <summary>Reads an endpoint if it is one.</summary>
    /// <param name="text">The endpoint as it is written.</param>
    /// <param name="endPoint">The endpoint.</param>
    /// <returns>Whether the text is an endpoint.</returns>
    public static bool TryParse([NotNullWhen(true)] string? text, [NotNullWhen(true)] out EndPoint? endPoint)
    {
        endPoint = null;
        if (text is null)
            return false;
        try
        {
            endPoint = Parse(text);
            return true;
        }
        catch (EndPointFormatException)
        {
            return false;
        }
    }

    /// <summary>Writes an endpoint so that <see cref="Parse"/> reads the same one back; a password is left out.</summary>
    /// <param name="endPoint">Any endpoint; one that Parley does not know is written as it writes itself.</param>
    /// <returns>The text.</returns>
    public static string Format(EndPoint endPoint)
    {
        ArgumentNullException.ThrowIfNull(endPoint);
        return endPoint switch
        {
            IPEndPoint ip => $"tcp://{ip}",
            DnsEndPoint name => $"tcp://{name.Host}:{name.Port}",
            UnixDomainSocketEndPoint unix => $"unix:{UnixPath.Of(unix)}",
            _ => endPoint.ToString() ?? endPoint.GetType().Name,
        };
    }

    // `localhost:5000` is a host and a port, though it looks like a scheme: only `name://` and the schemes there are count as one.
    private static (string? Scheme, string Remainder) SplitScheme(string text)
    {
        int colon = text.IndexOf(':');
        if (colon <= 0)
            return (null, text);
        string name = text[..colon];
        string rest = text[(colon + 1)..];
        if (rest.StartsWith("//", StringComparison.Ordinal))
            return (name.ToLowerInvariant(), rest);
        if (Array.IndexOf(Schemes.All, name.ToLowerInvariant()) >= 0)
            return (name.ToLowerInvariant(), rest);
        bool looksLikeScheme = name.All(char.IsAsciiLetter) && (rest.Length == 0 || rest[0] is '/' or '@');
        return looksLikeScheme ? (name.ToLowerInvariant(), rest) : (null, text);
    }

    private static string AfterSlashes(string text, string rest, string scheme) => rest.StartsWith("//", StringComparison.Ordinal)
        ? rest[2..]
        : throw new EndPointFormatException(text, $"{scheme} needs two slashes", $"{scheme}://{rest.TrimStart('/')}");

    private static EndPoint ParseHostAndPort(string text, string authority, string scheme)
    {
        if (authority.Contains('@'))
            throw new EndPointFormatException(text, $"{scheme} knows no user and no password");
        if (authority.IndexOfAny(['/', '?', '#']) is int end and >= 0)
            throw new EndPointFormatException(text, $"nothing may follow the port, but '{authority[end..]}' does", $"{scheme}://{authority[..end]}");

        int colon = authority.LastIndexOf(':');
        bool isBracketed = authority.StartsWith('[');
        int bracket = authority.IndexOf(']');
        if (isBracketed && bracket < 0)
            throw new EndPointFormatException(text, "the bracket of the IPv6 address is not closed");
        if (colon < 0 || colon < bracket)
            throw new EndPointFormatException(text, "the port is missing", SuggestForBare(authority, scheme));

        string host = authority[..colon];
        if (!isBracketed && host.Contains(':'))
            throw new EndPointFormatException(text, $"an IPv6 address stands in brackets: '{host}'", SuggestBrackets(authority, scheme));
        return Build(text, scheme, host, isBracketed, ParsePort(text, authority[(colon + 1)..]));
    }

    private static string? SuggestForBare(string authority, string scheme)
    {
        if (authority.Length == 0)
            return null;
        return authority.All(char.IsAsciiDigit) ? $"{scheme}://127.0.0.1:{authority}" : $"{scheme}://{authority}:5000";
    }

    private static string? SuggestBrackets(string authority, string scheme)
    {
        int colon = authority.LastIndexOf(':');
        return IPAddress.TryParse(authority[..colon], out _) ? $"{scheme}://[{authority[..colon]}]:{authority[(colon + 1)..]}" : null;
    }

    private static EndPoint Build(string text, string scheme, string host, bool isBracketed, int port)
    {
        if (host.Length == 0)
            throw new EndPointFormatException(text, "the host is missing", $"{scheme}://127.0.0.1:{port}");
        if (isBracketed)
        {
            return host.LastIndexOf('[') == 0 && host.IndexOf(']') == host.Length - 1 && IPAddress.TryParse(host[1..^1], out IPAddress? ip6) && ip6.AddressFamily == AddressFamily.InterNetworkV6
                ? new IPEndPoint(ip6, port)
                : throw new EndPointFormatException(text, $"'{host}' is no IPv6 address");
        }

        if (IPAddress.TryParse(host, out IPAddress? ip))
        {
            // 127.1 and 0x7f000001 are addresses to some programs and names to others: neither is what anybody means.
            return ip.ToString() == host
                ? new IPEndPoint(ip, port)
                : throw new EndPointFormatException(text, $"'{host}' is no IPv4 address of four numbers", $"{scheme}://{ip}:{port}");
        }

        if (host.Any(character => char.IsWhiteSpace(character) || char.IsControl(character)) || Uri.CheckHostName(host) == UriHostNameType.Unknown)
            throw new EndPointFormatException(text, $"'{host}' is no host name");
        return new DnsEndPoint(host, port);
    }

    private static int ParsePort(string text, string port)
    {
        if (port.Length == 0)
            throw new EndPointFormatException(text, "the port is missing");
        if (!port.All(char.IsAsciiDigit))
            throw new EndPointFormatException(text, $"port '{port}' is not a number");
        return int.TryParse(port, out int number) && number <= IPEndPoint.MaxPort
            ? number
            : throw new EndPointFormatException(text, $"port {port} is not between 0 and {IPEndPoint.MaxPort}");
    }

    private static UnixDomainSocketEndPoint ParseUnix(string text, string path)
    {
        // unix:///path is how other programs write it.
        if (path.StartsWith("///", StringComparison.Ordinal))
            path = path[2..];
        if (path is "" or "@" or "//")
            throw new EndPointFormatException(text, "the path is missing", "unix:/tmp/parley.sock");
        if (path.Contains('\0'))
            throw new EndPointFormatException(text, "the path contains a NUL");
        int length = Encoding.UTF8.GetByteCount(path);
        if (length > MaxUnixPathBytes)
            throw new EndPointFormatException(text, $"the path has {length} bytes, a Unix socket's has at most {MaxUnixPathBytes}");
        return UnixPath.ToEndPoint(path);
    }

    private static EndPoint ParseSharedMemory(string text, string rest)
    {
        if (!rest.StartsWith("//", StringComparison.Ordinal))
            return Checked(text, rest, "shm:name", static name => new SharedMemoryEndPoint(name));

        // Written as tcp://host is, a name would be a file in the root directory.
        string name = rest.TrimStart('/');
        string meant = rest.StartsWith("///", StringComparison.Ordinal) || name.Contains('/') ? $"shm:/{name}" : $"shm:{name}";
        throw new EndPointFormatException(text, "no slash stands before a name, and one before a path", TryParse(meant, out _) ? meant : null);
    }

    private static EndPoint Checked(string text, string rest, string example, Func<string, EndPoint> create)
    {
        if (rest.Length == 0)
            throw new EndPointFormatException(text, "the name is missing", example);
        try
        {
            return create(rest);
        }
        catch (ArgumentException wrong)
        {
            string words = wrong.Message.Split(" (Parameter", 2)[0].TrimEnd('.');
            throw new EndPointFormatException(text, char.ToLowerInvariant(words[0]) + words[1..]);
        }
    }

    private static EndPointFormatException UnknownScheme(string text, string scheme, string rest)
    {
        string? nearest = Spelling.Nearest(scheme, Schemes.All);
        string known = string.Join(", ", Schemes.All);
        return nearest is null
            ? new EndPointFormatException(text, $"unknown scheme '{scheme}'; there are {known}")
            : new EndPointFormatException(text, $"unknown scheme '{scheme}'", $"{nearest}:{rest}");
    }
}
