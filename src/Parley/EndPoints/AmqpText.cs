using System.Net;
using System.Text;

namespace Parley;

/// <summary>Reads <c>amqp:</c> and <c>amqps:</c>. No part in which a password may stand gets into a message.</summary>
internal static class AmqpText
{
    private const string QueueParameter = "queue";

    // Throws where it is not UTF-8.
    private static readonly UTF8Encoding Utf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <param name="text">All of it.</param>
    /// <param name="rest">What follows the slashes.</param>
    /// <param name="scheme">The scheme.</param>
    /// <param name="parseAddress">Reads a host and a port.</param>
    internal static AmqpEndPoint Parse(string text, string rest, string scheme, Func<string, EndPoint> parseAddress)
    {
        bool isSecure = scheme == Schemes.Amqps;
        int end = rest.AsSpan().IndexOfAny('/', '?', '#');
        string authority = end < 0 ? rest : rest[..end];
        string behind = end < 0 ? "" : rest[end..];

        // Whatever stands before an @ may be a password, and is not looked at any further.
        if (behind.Contains('@') || authority.LastIndexOf('@') != authority.IndexOf('@'))
            throw new EndPointFormatException(text, "only one @ may be in it, behind the user: another one is written %40, and a slash in a user or a password %2F");
        if (behind.Contains('#'))
            throw new EndPointFormatException(text, "nothing may follow the query: a # is written %23");

        int at = authority.IndexOf('@');
        (string? user, string? password) = at < 0 ? (null, null) : User(text, authority[..at]);
        string host = authority[(at + 1)..];
        int query = behind.IndexOf('?');
        string path = query < 0 ? behind : behind[..query];
        string? queue = Queue(text, query < 0 ? "" : behind[(query + 1)..]);
        if (string.IsNullOrEmpty(queue))
            throw new EndPointFormatException(text, "the queue is missing", $"{scheme}://{(host.Length == 0 ? "127.0.0.1" : host)}{path}?queue=orders");
        EndPoint address = Address(text, HasPort(host) ? host : $"{host}:{(isSecure ? AmqpEndPoint.DefaultSecurePort : AmqpEndPoint.DefaultPort)}", behind, parseAddress);
        try
        {
            return new AmqpEndPoint(address, queue, isSecure) { VirtualHost = VirtualHost(text, path), UserName = user, Password = password };
        }
        catch (ArgumentException wrong)
        {
            string words = wrong.Message.Split(" (Parameter", 2)[0].TrimEnd('.');
            throw new EndPointFormatException(text, char.ToLowerInvariant(words[0]) + words[1..]);
        }
    }

    private static EndPoint Address(string text, string host, string behind, Func<string, EndPoint> parse)
    {
        try
        {
            return parse(host);
        }
        catch (EndPointFormatException wrong)
        {
            throw new EndPointFormatException(text, wrong.Problem, wrong.Suggestion is { } meant ? meant + behind : null);
        }
    }

    private static bool HasPort(string host) => host.LastIndexOf(':') > host.LastIndexOf(']');

    private static (string User, string? Password) User(string text, string information)
    {
        string[] parts = information.Split(':', 2);
        if (parts[0].Length == 0)
            throw new EndPointFormatException(text, "the user is missing before the @");
        return (Decoded(text, parts[0], "the user"), parts.Length == 1 ? null : Decoded(text, parts[1], "the password"));
    }

    // `amqp://host` and `amqp://host/` mean the one that a broker begins with.
    private static string VirtualHost(string text, string path)
    {
        if (path is "" or "/")
            return AmqpEndPoint.DefaultVirtualHost;
        if (path.IndexOf('/', 1) >= 0)
            throw new EndPointFormatException(text, "a slash within the virtual host is written %2F");
        return Decoded(text, path[1..], "the virtual host");
    }

    private static string? Queue(string text, string query)
    {
        string? queue = null;
        foreach (string parameter in query.Split('&', StringSplitOptions.RemoveEmptyEntries))
        {
            string[] parts = parameter.Split('=', 2);
            if (parts[0] != QueueParameter)
            {
                string meant = Spelling.Nearest(parts[0], [QueueParameter]) is null ? "" : $": did you mean {QueueParameter}?";
                throw new EndPointFormatException(text, $"unknown parameter '{parts[0]}' behind the question mark{(meant.Length == 0 ? $"; there is {QueueParameter}" : meant)}");
            }

            if (queue is not null)
                throw new EndPointFormatException(text, "the queue is named twice");
            queue = Decoded(text, parts.Length == 1 ? "" : parts[1], "the queue's name");
        }

        return queue;
    }

    private static string Decoded(string text, string part, string what)
    {
        for (int i = part.IndexOf('%'); i >= 0; i = part.IndexOf('%', i + 1))
        {
            if (i + 2 >= part.Length || !char.IsAsciiHexDigit(part[i + 1]) || !char.IsAsciiHexDigit(part[i + 2]))
                throw new EndPointFormatException(text, $"{what} has a % that two hexadecimal digits do not follow: a % itself is written %25");
        }

        var bytes = new List<byte>(part.Length);
        try
        {
            for (int i = 0; i < part.Length;)
            {
                if (part[i] == '%')
                {
                    bytes.Add(Convert.ToByte(part.Substring(i + 1, 2), 16));
                    i += 3;
                    continue;
                }

                int next = part.IndexOf('%', i);
                string plain = part[i..(next < 0 ? part.Length : next)];
                bytes.AddRange(Utf8.GetBytes(plain));
                i += plain.Length;
            }

            return Utf8.GetString([.. bytes]);
        }
        catch (ArgumentException)
        {
            throw new EndPointFormatException(text, $"{what} is no UTF-8");
        }
    }
}
