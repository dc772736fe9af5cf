namespace Parley.Tests.Brokers;

/// <summary>Three nodes, of which one dies under load.</summary>
public sealed class ClusterTests
{
    [SkippableFact]
    public async Task NodeIsKilled_UnderLoad_NoConfirmedMessageIsLost()
    {
        Broker.SkipWhereThereIsNone();
        using var names = new BrokerNames();
        Broker[] nodes = await Task.WhenAll(Enumerable.Range(0, 3).Select(_ => Broker.StartAsync(names)));
        try
        {
            foreach (Broker joining in nodes[1..])
            {
                await joining.ControlAsync("stop_app");
                await joining.ControlAsync("reset");
                await joining.ControlAsync("join_cluster", nodes[0].Node);
                await joining.ControlAsync("start_app");
            }

            // Made on the node that dies, it has its leader there.
            AmqpEndPoint queue = nodes[2].EndPoint($"test {Guid.NewGuid():N}");
            await RabbitMQTransport.CreateQueueAsync(queue).Within();
            var traffic = new Traffic(new RabbitMQOptions { CallTimeout = Limits.Wait + Limits.Wait });
            await using (traffic)
            {
                await traffic.StartAsync(nodes[0].EndPoint(queue.Queue), nodes[1].EndPoint(queue.Queue));
                await traffic.HasConfirmedAsync(500);
                await nodes[2].KillAsync();
                await traffic.HasConfirmedAsync(500);
                await traffic.FinishAsync();
            }
        }
        finally
        {
            foreach (Broker node in nodes)
                await node.DisposeAsync();
        }
    }
}
