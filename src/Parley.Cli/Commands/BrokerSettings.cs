using System.CommandLine;
using System.Net;

namespace Parley.Cli.Commands;

/// <summary>Options of the verbs that talk to a broker: who this is, and whom it trusts.</summary>
/// <param name="tls">Options of TLS that the verb has for other endpoints too; <see langword="null"/> where it has none.</param>
internal sealed class BrokerSettings(TlsSettings? tls = null)
{
    // Of a queue with fewer priorities the broker takes a higher one for its highest.
    internal const int HighestPriority = 255;

    private readonly bool _ownsTls = tls is null;
    private readonly TlsSettings _tls = tls ?? new TlsSettings(connects: true, place: "amqps://host?queue=name");
    private readonly Option<string?> _user = new("--user")
    {
        Description = $"Broker: the user's name (default: the endpoint's, {RabbitMQOptions.UserVariable} of the environment, or guest)",
        HelpName = "NAME",
    };
    private readonly Option<string?> _passwordFile = new("--password-file")
    {
        Description = $"Broker: the file whose first line is the password (default: the endpoint's, {RabbitMQOptions.PasswordVariable} or {RabbitMQOptions.PasswordFileVariable} of the environment, or guest)",
        HelpName = "FILE",
    };

    internal void AddTo(Command command)
    {
        command.Options.Add(_user);
        command.Options.Add(_passwordFile);
        if (_ownsTls)
            _tls.AddTo(command);
    }

    /// <summary>Lets the process talk to the broker, where an endpoint is one of its queues.</summary>
    /// <param name="parsed">The words.</param>
    /// <param name="endPoint">The endpoint.</param>
    /// <param name="other">The one on the other side of a relay.</param>
    /// <param name="count">How many messages are wanted of it; <see langword="null"/> for all.</param>
    /// <param name="callTimeout">How long any one call may take.</param>
    /// <exception cref="UsageException">An option has no place there.</exception>
    internal void Use(ParseResult parsed, EndPoint endPoint, EndPoint? other = null, int? count = null, TimeSpan? callTimeout = null)
    {
        if (_ownsTls)
            _tls.Check(parsed, null, endPoint);
        if ((endPoint as AmqpEndPoint ?? other as AmqpEndPoint) is { } queue)
        {
            // Of two brokers, the options of TLS are for the one that speaks it.
            Use(Options(parsed, queue.IsSecure ? queue : other as AmqpEndPoint ?? queue, count, callTimeout));
            return;
        }

        Option? given = parsed.GetValue(_user) is not null ? _user : parsed.GetValue(_passwordFile) is not null ? _passwordFile : null;
        if (given is not null)
            throw new UsageException($"{given.Name} is for a broker; {ParleyEndPoint.Format(endPoint)} has no users", "for example: parley send 'amqp://host?queue=orders' --user me MESSAGE");
    }

    /// <summary>Makes a queue.</summary>
    internal Task CreateAsync(ParseResult parsed, AmqpEndPoint queue, int? capacity, int? priorities, int? deliveryLimit)
    {
        if (priorities > HighestPriority)
            throw new UsageException($"--priorities: at most {HighestPriority}");
        var options = new RabbitMQQueueOptions
        {
            Capacity = capacity,
            Kind = priorities is null ? RabbitMQQueueKind.Quorum : RabbitMQQueueKind.Classic,
            MaxPriority = priorities ?? 0,
        };
        options.DeliveryLimit = deliveryLimit ?? options.DeliveryLimit;
        return RabbitMQTransport.CreateQueueAsync(queue, options, Options(parsed, queue, count: null, callTimeout: null));
    }

    /// <summary>How many messages wait in a queue.</summary>
    internal async Task<int> CountAsync(ParseResult parsed, AmqpEndPoint queue)
        => (await RabbitMQTransport.InspectQueueAsync(queue, Options(parsed, queue, count: null, callTimeout: null))).MessagesWaiting ?? 0;

    // Apart, so that the broker's client is loaded only where it is needed.
    private static void Use(RabbitMQOptions options) => RabbitMQTransport.Use(options);

    private RabbitMQOptions Options(ParseResult parsed, AmqpEndPoint queue, int? count, TimeSpan? callTimeout)
    {
        RabbitMQOptions options = RabbitMQOptions.FromEnvironment();
        options.UserName = parsed.GetValue(_user) ?? options.UserName;
        if (parsed.GetValue(_passwordFile) is { } file)
            (options.Password, options.PasswordFile) = (null, file);
        options.MaxPriority = HighestPriority;
        options.MaxDeliveries = count;
        options.CallTimeout = callTimeout ?? options.CallTimeout;
        options.Tls = _tls.ForClient(parsed, queue);
        return options;
    }
}
