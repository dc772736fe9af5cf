using System.Net;

namespace Parley.Tests.Messaging;

public sealed class MessageChannelListenerTests
{
    [Theory]
    [InlineData(ChannelKind.SharedMemory, MessageFraming.None)]
    [InlineData(ChannelKind.SharedMemory, MessageFraming.Line)]
    [InlineData(ChannelKind.UnixPath, MessageFraming.Len32)]
    public async Task AcceptAsync_EachClient_IsAChannel(ChannelKind kind, MessageFraming framing)
    {
        using var place = new Place(kind);
        var options = new MessageChannelOptions { Framing = framing };
        await using MessageChannelListener listener = await MessageChannelListener.BindAsync(place.EndPoint, options).Within();
        byte[] buffer = new byte[16];
        for (byte i = 1; i <= 3; i++)
        {
            MessageChannel client = await MessageChannel.OpenAsync(listener.LocalEndPoint, options).Within();
            MessageChannel? server = await listener.AcceptAsync().Within();

            await server!.SendAsync(new[] { i }).Within();

            Assert.Equal(1, (await client.ReceiveAsync(buffer).Within()).Length);
            Assert.Equal(i, buffer[0]);
            await Task.WhenAll(client.DisposeAsync().AsTask(), server.DisposeAsync().AsTask()).Within();
        }

        await listener.StopAsync().Within();
        Assert.Null(await listener.AcceptAsync().Within());
    }

    /// <summary>The client stays, so that only the time that is given for it ends the dispose.</summary>
    [Theory]
    [InlineData(ChannelKind.SharedMemory, MessageFraming.None)]
    [InlineData(ChannelKind.SharedMemory, MessageFraming.Line)]
    [InlineData(ChannelKind.UnixPath, MessageFraming.Line)]
    public async Task AcceptAsync_WithOptionsOfAListener_ChannelClosesAsTheySay(ChannelKind kind, MessageFraming framing)
    {
        using var place = new Place(kind);
        var options = new MessageChannelOptions
        {
            Framing = framing,
            CloseTimeout = Timeout.InfiniteTimeSpan,
            Listener = new ListenerOptions { CloseTimeout = TimeSpan.FromMilliseconds(1) },
        };
        await using MessageChannelListener listener = await MessageChannelListener.BindAsync(place.EndPoint, options).Within();
        await using MessageChannel client = await MessageChannel.OpenAsync(listener.LocalEndPoint, new MessageChannelOptions { Framing = framing }).Within();
        MessageChannel? server = await listener.AcceptAsync().Within();

        await server!.DisposeAsync().Within();
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void ForClients_WithAndWithoutOptionsOfAListener_TakesThemFromWhereTheyAreSaid(bool hasListener)
    {
        var own = new MessageChannelOptions { SpinTime = TimeSpan.FromTicks(7), SingleReader = true };
        ConnectionOptions said = hasListener ? own.Listener = new ListenerOptions() : own;
        said.IdleTimeout = TimeSpan.FromSeconds(1);
        said.WriteTimeout = TimeSpan.FromSeconds(2);
        said.CloseTimeout = TimeSpan.FromSeconds(3);
        said.RunContinuationsInline = true;

        MessageChannelOptions clients = own.ForClients();

        Assert.Equal(
            (said.IdleTimeout, said.WriteTimeout, said.CloseTimeout, true),
            (clients.IdleTimeout, clients.WriteTimeout, clients.CloseTimeout, clients.RunContinuationsInline));
        Assert.Equal((own.SpinTime, true), (clients.SpinTime, clients.SingleReader));
    }

    [Fact]
    public async Task BindAsync_EndPointWithoutClients_IsRefused()
    {
        foreach (EndPoint wrong in new[] { ParleyEndPoint.Parse("udp://127.0.0.1:0"), ParleyEndPoint.Parse("mq:/none"), ParleyEndPoint.Parse("tcp://127.0.0.1:0") })
            await Assert.ThrowsAsync<ArgumentException>(() => MessageChannelListener.BindAsync(wrong).Within());
    }

    [Fact]
    public async Task OpenAsync_ServedAsBytes_IsRefusedAndSaysSo()
    {
        using var place = new Place(ChannelKind.SharedMemory);
        await using ConnectionListener listener = await ConnectionListener.BindAsync(place.EndPoint).Within();

        ConnectionException failure = await Assert.ThrowsAsync<ConnectionException>(() => MessageChannel.OpenAsync(place.EndPoint).Within());

        Assert.Equal((Step.Connect, Reason.Refused, "it is served as bytes"), (failure.Step, failure.Reason, failure.Cause));
    }
}
