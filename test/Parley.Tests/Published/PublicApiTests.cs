namespace Parley.Tests.Published;

/// <summary>What others build on: it changes on purpose or not at all.</summary>
public sealed class PublicApiTests
{
    [Fact]
    public Task PublicApi_OfTheLibrary_IsTheRecordedOne() => RecordedApi.CheckAsync(typeof(Connection).Assembly, "Parley.Tests");
}
