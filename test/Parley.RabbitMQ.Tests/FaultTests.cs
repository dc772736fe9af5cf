namespace Parley.Tests.Brokers;

/// <summary>A broker that dies, and one that says nothing any more.</summary>
public sealed class FaultTests
{
    [SkippableFact]
    public async Task BrokerIsKilled_InTheMiddle_NoConfirmedMessageIsLost()
    {
        await using Broker broker = await Broker.StartAsync();
        await using TestQueue queue = await TestQueue.CreateAsync(broker: broker);
        await broker.SyncAsync();
        var traffic = new Traffic(new RabbitMQOptions { CallTimeout = Limits.Wait + Limits.Wait });
        await using (traffic)
        {
            await traffic.StartAsync(queue.EndPoint, queue.EndPoint);
            for (int kills = 0; kills < 2; kills++)
            {
                await traffic.HasConfirmedAsync(500);
                await broker.KillAsync();
                await broker.StartAgainAsync();
            }

            await traffic.HasConfirmedAsync(500);
            await traffic.FinishAsync();
        }
    }

    [SkippableFact]
    public async Task BrokerIsStopped_EveryCallEndsByItsDeadline()
    {
        await using Broker broker = await Broker.StartAsync();
        await using TestQueue queue = await TestQueue.CreateAsync(broker: broker);
        var options = new RabbitMQOptions { CallTimeout = TimeSpan.FromSeconds(1) };
        var channelOptions = new MessageChannelOptions { CloseTimeout = TimeSpan.FromSeconds(1), ConnectTimeout = TimeSpan.FromSeconds(1) };
        MessageChannel channel = await queue.OpenAsync(options, channelOptions);
        await channel.SendTextAsync("before");
        (_, ReceivedMessage received) = await channel.ReceiveTextAsync();
        broker.Freeze();
        await Eventually.TrueAsync(broker.IsFrozen, "the broker stopped");
        try
        {
            ConnectionException failure = await Assert.ThrowsAsync<ConnectionException>(() => channel.SendTextAsync("lost?"));
            Assert.Equal((Step.Send, Reason.TimedOut), (failure.Step, failure.Reason));
            failure = await Assert.ThrowsAsync<ConnectionException>(() => channel.SendBatchAsync(new ReadOnlyMemory<byte>[] { new byte[1 << 20], new byte[1 << 20], new byte[1 << 20] }).Within());
            Assert.Equal(Reason.TimedOut, failure.Reason);
            using var cancel = new CancellationTokenSource();
            Task receiving = channel.WaitToReceiveAsync(cancel.Token).AsTask();
            await cancel.CancelAsync();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => receiving.Within());
            await Record.ExceptionAsync(() => received.Delivery!.AcknowledgeAsync().Within());
            failure = await Assert.ThrowsAsync<ConnectionException>(() => RabbitMQTransport.OpenAsync(queue.EndPoint, options, channelOptions).Within());
            Assert.Equal((Step.Connect, Reason.TimedOut), (failure.Step, failure.Reason));
            failure = await Assert.ThrowsAsync<ConnectionException>(() => RabbitMQTransport.InspectQueueAsync(queue.EndPoint, options).Within());
            Assert.Equal(Reason.TimedOut, failure.Reason);
            await channel.DisposeAsync().Within();
        }
        finally
        {
            broker.Thaw();
        }
    }

    [SkippableFact]
    public async Task DisposeAsync_WhileItConnectsAgain_EndsAndLeavesNoConnection()
    {
        await using Broker broker = await Broker.StartAsync();
        await using TestQueue queue = await TestQueue.CreateAsync(broker: broker);
        await using var cutter = new Cutter(broker.Port);
        var way = new AmqpEndPoint(cutter.Address, queue.EndPoint.Queue) { UserName = Broker.User, Password = Broker.Password };
        for (int i = 0; i < 30; i++)
        {
            MessageChannel channel = await RabbitMQTransport.OpenAsync(way, new RabbitMQOptions()).Within();
            Task waiting = channel.WaitToReceiveAsync().AsTask();
            cutter.Cut();
            await Task.Delay(Random.Shared.Next(200));

            await channel.DisposeAsync().Within();
            Assert.Equal(Reason.Aborted, (await Assert.ThrowsAsync<ConnectionException>(() => waiting.Within())).Reason);
        }

        await Eventually.TrueAsync(() => cutter.Count == 0, "no connection is left");
    }

    [SkippableFact]
    public async Task BrokerIsAway_SendsEndByTheirDeadline_AndWorkWhenItIsBack()
    {
        await using Broker broker = await Broker.StartAsync();
        await using TestQueue queue = await TestQueue.CreateAsync(broker: broker);
        await broker.SyncAsync();
        using var log = new RecordingLog();
        await using MessageChannel channel = await queue.OpenAsync(
            new RabbitMQOptions { CallTimeout = TimeSpan.FromSeconds(1), MaxOutage = TimeSpan.FromSeconds(1) }, new MessageChannelOptions { LoggerFactory = log });
        Task waiting = channel.WaitToReceiveAsync().AsTask();
        await broker.KillAsync();
        ConnectionException failure = await Assert.ThrowsAsync<ConnectionException>(() => channel.SendTextAsync("lost?"));
        Assert.Equal((Step.Send, Reason.TimedOut), (failure.Step, failure.Reason));
        failure = await Assert.ThrowsAsync<ConnectionException>(() => waiting.Within());
        Assert.Equal((Step.Receive, Reason.Refused), (failure.Step, failure.Reason));
        await Eventually.TrueAsync(() => !channel.TrySend("now"u8), "no connection");

        await broker.StartAgainAsync();
        using var limit = new CancellationTokenSource(Limits.Wait);
        while (true)
        {
            try
            {
                await channel.WaitToSendAsync(limit.Token);
                await channel.SendTextAsync("back");
                break;
            }
            catch (ConnectionException early) when (early.Reason is Reason.Refused or Reason.TimedOut)
            {
                // Its deadline came before the broker.
            }
        }

        string text;
        do
        {
            (text, ReceivedMessage received) = await channel.ReceiveTextAsync();
            await received.Delivery!.AcknowledgeAsync().Within();
        }
        while (text != "back");
        Assert.True(log.Has("connected again"));
        Assert.DoesNotContain(log.Entries, entry => entry.Text.Contains(Broker.Password, StringComparison.Ordinal));
    }
}
