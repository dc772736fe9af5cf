using System.Text.Json;
using Parley.Tests;
using Broker = Parley.Tests.Broker;

namespace Parley.Cli.Tests.Brokers;

/// <summary>A queue of one test on a broker, and the words and variables that lead to it; gone when the test ends.</summary>
internal sealed class BrokerQueue : IAsyncDisposable
{
    private readonly Broker _broker;
    private bool _isMade;

    private BrokerQueue(Broker broker)
    {
        _broker = broker;
        Name = $"cli-{Guid.NewGuid():N}";
    }

    public string Name { get; }

    public string Endpoint => $"amqp://127.0.0.1:{_broker.Port}?queue={Name}";

    public string Dead => Endpoint + ".dead";

    public string Secure => $"amqps://127.0.0.1:{_broker.SecurePort}?queue={Name}";

    public Dictionary<string, string> Environment { get; } = new(StringComparer.Ordinal)
    {
        ["PARLEY_AMQP_USER"] = Broker.User,
        ["PARLEY_AMQP_PASSWORD"] = Broker.Password,
    };

    /// <summary>A name on the shared broker, or another; there is no queue of it yet.</summary>
    public static async Task<BrokerQueue> UnmadeAsync(Broker? broker = null) => new(broker ?? await SharedBroker.GetAsync());

    public static async Task<BrokerQueue> CreateAsync(Broker? broker = null, params string[] options)
    {
        BrokerQueue queue = await UnmadeAsync(broker);
        (await queue.RunAsync(["create", queue.Endpoint, .. options])).MustExit(0);
        queue._isMade = true;
        return queue;
    }

    public Launch Launch(params string[] arguments) => new(arguments) { Environment = Environment, Limit = Cli.Tests.Limits.Transfer };

    public Task<CommandResult> RunAsync(params string[] arguments) => Command.RunAsync(Launch(arguments));

    public ChildProcess Start(params string[] arguments) => Command.Start(Launch(arguments));

    public async Task PutAsync(params string[] messages) => (await RunAsync(["send", Endpoint, .. messages])).MustExit(0);

    public async Task<string> TakeAsync(int count) => (await RunAsync("receive", Endpoint, "--count", $"{count}", "--timeout", "30")).MustExit(0).Text;

    /// <summary>The queue by the library, for counting what the command has moved.</summary>
    public ValueTask<MessageChannel> OpenAsync() => RabbitMQTransport.OpenAsync(_broker.EndPoint(Name), new RabbitMQOptions());

    /// <summary>How many messages wait, as soon as the broker knows that it is so many.</summary>
    public async Task HasWaitingAsync(int messages)
    {
        using var limit = new CancellationTokenSource(Cli.Tests.Limits.Transfer);
        while (await CountAsync() != messages)
            limit.Token.ThrowIfCancellationRequested();
    }

    public async Task<int> CountAsync()
    {
        using var parsed = JsonDocument.Parse((await RunAsync("inspect", Endpoint, "--json")).MustExit(0).Text);
        return parsed.RootElement.GetProperty("messages_waiting").GetInt32();
    }

    public async ValueTask DisposeAsync()
    {
        if (_isMade)
            await RunAsync("remove", Endpoint);
    }
}
