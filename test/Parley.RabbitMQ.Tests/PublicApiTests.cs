using Parley.Tests.Published;

namespace Parley.Tests.Brokers;

/// <summary>What others build on: it changes on purpose or not at all.</summary>
public sealed class PublicApiTests
{
    [Fact]
    public Task PublicApi_OfThePackage_IsTheRecordedOne() => RecordedApi.CheckAsync(typeof(RabbitMQTransport).Assembly, "Parley.RabbitMQ.Tests");
}
