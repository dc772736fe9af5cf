using System.CommandLine;
using System.Net;

namespace Parley.Cli.Commands;

/// <summary>Options of the verbs that carry messages, and what endpoints they take.</summary>
/// <param name="streams">What else the verb has to say how messages are told apart, where that is perhaps meant.</param>
/// <param name="hasRing">Whether the size of a ring in shared memory is among them.</param>
internal sealed class MessageSettings(string? streams = null, bool hasRing = true)
{
    internal const string Forms = "mq:/name, amqp://host?queue=name, udp://host:port, shm:name, or a stream with --frame: tcp://host:port, unix:/path, pipe:name, fifo:/path";

    private readonly Option<MessageFraming?> _framing = WordOption.Create(
        "--frame",
        "How messages are told apart on a stream: each ends with a line feed, with a zero byte, or has its length before it (4 bytes, big-endian)",
        ("line", MessageFraming.Line),
        ("nul", MessageFraming.Nul),
        ("len32", MessageFraming.Len32));

    private readonly Option<int?> _maxSize = SizeOption.Create("--max-size", "The longest message over a stream or of a broker, in bytes (default 1M, at most 1G)", most: 1 << 30);
    private readonly Option<int?>? _ringSize = hasRing ? RingSizeOption.Create() : null;

    /// <summary>Whether it carries messages, and nothing else.</summary>
    internal static bool CarriesMessages(EndPoint endPoint) => endPoint is MessageQueueEndPoint or AmqpEndPoint or UdpEndPoint;

    /// <summary>Whether it has clients: what does not is the same for everybody who opens it.</summary>
    internal static bool HasClients(EndPoint endPoint, MessageFraming framing) => framing != MessageFraming.None || endPoint is SharedMemoryEndPoint;

    /// <summary>The option as it stands on a command line, with a space before it; nothing where there is no stream.</summary>
    internal static string Words(MessageFraming framing) => framing == MessageFraming.None ? "" : $" --frame {framing.ToString().ToLowerInvariant()}";

    internal void AddTo(Command command)
    {
        command.Options.Add(_framing);
        command.Options.Add(_maxSize);
        if (_ringSize is not null)
            command.Options.Add(_ringSize);
    }

    internal bool HasFraming(ParseResult parsed) => parsed.GetValue(_framing) is not null;

    /// <summary>The framing of a stream; none for what carries messages by itself.</summary>
    /// <exception cref="UsageException">It is missing, or has no place.</exception>
    internal MessageFraming Framing(ParseResult parsed, EndPoint endPoint)
    {
        MessageFraming? framing = parsed.GetValue(_framing);
        if (CarriesMessages(endPoint))
        {
            return framing is null && (endPoint is AmqpEndPoint || parsed.GetValue(_maxSize) is null)
                ? MessageFraming.None
                : throw new UsageException(
                    $"{(framing is null ? "--max-size" : "--frame")} is for a stream; {ParleyEndPoint.Format(endPoint)} carries messages as they are", framing is null ? null : streams);
        }

        if (endPoint is TlsEndPoint)
        {
            throw new UsageException(
                $"no messages are sent or received at {ParleyEndPoint.Format(endPoint)} itself", "put a relay between: parley relay unix:/tmp/far.sock tls://host:port");
        }

        // Its server offers messages or bytes; the messages need no framing.
        if (endPoint is SharedMemoryEndPoint && framing is null)
        {
            return parsed.GetValue(_maxSize) is null
                ? MessageFraming.None
                : throw new UsageException("--max-size is for a stream: in shared memory a message has at most half of the ring", "say how large that is with --ring-size");
        }

        return framing ?? throw new UsageException(
            $"{ParleyEndPoint.Format(endPoint)} carries a stream of bytes: how are messages told apart on it?",
            "--frame line, --frame nul or --frame len32, whichever the peer speaks");
    }

    internal MessageChannelOptions Get(ParseResult parsed, EndPoint endPoint, MessageFraming framing, CallObserver? observer, bool verbose)
    {
        var options = new MessageChannelOptions
        {
            Framing = framing,
            RunContinuationsInline = true,
            CallObserver = observer,
            LoggerFactory = new Output.StandardErrorLogger(verbose),
        };
        if (parsed.GetValue(_maxSize) is int size)
            options.MaxMessageSize = size;
        options.RingSize = _ringSize is null ? null : RingSizeOption.Get(parsed, _ringSize, endPoint);
        return options;
    }
}
