namespace Parley.Tests;

/// <summary>The broker that the tests share which do it no harm.</summary>
public sealed class SharedBroker : IAsyncLifetime
{
    public const string Collection = "shared broker";

    private static Task<Broker>? _broker;

    internal static Task<Broker> GetAsync()
    {
        Broker.SkipWhereThereIsNone();
        return _broker!;
    }

    public Task InitializeAsync()
    {
        _broker = File.Exists("/usr/lib/rabbitmq/bin/rabbitmq-server") ? Broker.StartAsync() : null;
        return _broker ?? Task.CompletedTask;
    }

    public async Task DisposeAsync()
    {
        if (_broker is not null)
            await (await _broker).DisposeAsync();
    }
}

[CollectionDefinition(SharedBroker.Collection)]
public sealed class SharingABroker : ICollectionFixture<SharedBroker>;
