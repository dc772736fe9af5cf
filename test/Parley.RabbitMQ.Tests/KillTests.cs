using System.Globalization;
using Xunit.Abstractions;

namespace Parley.Tests.Brokers;

/// <summary>
/// A broker that dies again and again, and connections that are cut again and again, under load. PARLEY_BROKER_KILLS and PARLEY_BROKER_CUTS say how often; docs/reliability.md has the figures.
/// </summary>
public sealed class KillTests(ITestOutputHelper output)
{
    private static readonly RabbitMQOptions Options = new() { CallTimeout = TimeSpan.FromSeconds(5) };

    [SkippableFact]
    public async Task BrokerIsKilled_AgainAndAgain_NoConfirmedMessageIsLost()
    {
        await using Broker broker = await Broker.StartAsync();
        await using TestQueue queue = await TestQueue.CreateAsync(broker: broker);
        await broker.SyncAsync();
        await RunAsync(queue.EndPoint, Times("PARLEY_BROKER_KILLS", 1), 1000, async () =>
        {
            await broker.KillAsync();
            await broker.StartAgainAsync();
        });
    }

    [SkippableFact]
    public async Task ConnectionsAreCut_AgainAndAgain_NoConfirmedMessageIsLost()
    {
        await using Broker broker = await Broker.StartAsync();
        await using TestQueue queue = await TestQueue.CreateAsync(broker: broker);
        await using var cutter = new Cutter(broker.Port);
        var way = new AmqpEndPoint(cutter.Address, queue.EndPoint.Queue) { UserName = Broker.User, Password = Broker.Password };
        await RunAsync(way, Times("PARLEY_BROKER_CUTS", 5), 300, () =>
        {
            cutter.Cut();
            return Task.CompletedTask;
        });
    }

    private async Task RunAsync(AmqpEndPoint queue, int times, int most, Func<Task> harm)
    {
        int done = 0;
        var traffic = new Traffic(Options) { MayGiveUp = true };
        await using (traffic)
        {
            try
            {
                await traffic.StartAsync(queue, queue);
                for (; done < times; done++)
                {
                    await traffic.HasConfirmedAsync(Random.Shared.Next(1, most));
                    await harm();
                }

                await traffic.HasConfirmedAsync(500);
                await traffic.FinishAsync();
            }
            finally
            {
                output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{done} times: {traffic.Account()}"));
            }
        }
    }

    private static int Times(string variable, int otherwise)
        => int.TryParse(Environment.GetEnvironmentVariable(variable), NumberStyles.None, CultureInfo.InvariantCulture, out int times) ? times : otherwise;
}
