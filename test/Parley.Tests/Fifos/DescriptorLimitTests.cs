namespace Parley.Tests.Fifos;

/// <summary>Opening where the process has no descriptor left.</summary>
[Collection(nameof(Alone))]
public sealed class DescriptorLimitTests : IDisposable
{
    private readonly Fifo _fifo = new();

    public void Dispose() => _fifo.Dispose();

    [Theory]
    [InlineData(ConnectionDirection.ReceiveOnly)]
    [InlineData(ConnectionDirection.SendOnly)]
    public async Task ConnectAsync_NoDescriptorLeft_SaysSo(ConnectionDirection direction)
    {
        ConnectionException? failure = null;

        await Native.WithoutFreeDescriptorsAsync(async () => failure = await Record.ExceptionAsync(
            () => Connection.ConnectAsync(_fifo.EndPoint, new ConnectionOptions { Direction = direction }).AsTask()) as ConnectionException);

        Assert.Equal((Step.Open, Reason.Limit, "EMFILE"), (failure?.Step, failure?.Reason, failure?.ErrorName));
    }
}
