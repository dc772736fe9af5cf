namespace Parley.Tests;

/// <summary>The broker that the tests share which do it no harm.</summary>
public sealed class SharedBroker : IAsyncLifetime
{
    public const string Collection = "shared broker";

    private static Task<Broker>? s_broker;

    internal static Task<Broker> GetAsync()
    {
        Broker.SkipWhereThereIsNone();
        return s_broker!;
    }

    public Task InitializeAsync()
    {
        s_broker = File.Exists("/usr/lib/rabbitmq/bin/rabbitmq-server") ? Broker.StartAsync() : null;
        return s_broker ?? Task.CompletedTask;
    }

    public async Task DisposeAsync()
    {
        if (s_broker is not null)
            await (await s_broker).DisposeAsync();
    }
}

[CollectionDefinition(SharedBroker.Collection)]
public sealed class SharingABroker : ICollectionFixture<SharedBroker>;
