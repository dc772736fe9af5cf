using System.Diagnostics;
using RabbitMQ.Client;
using RabbitMQ.Client.Events;
using static Parley.Bench.Sample;

namespace Parley.Bench;

/// <summary>
/// amqp-make [--again] ENDPOINT...; amqp-send WHO ENDPOINT COUNT WARMUP SIZE WINDOW; amqp-receive WHO ENDPOINT COUNT WARMUP SIZE PREFETCH. Who is "parley", or "plain" for RabbitMQ.Client as its
/// documentation says: confirmations tracked by the client, as many publishes awaited together as the window has.
/// </summary>
internal static class BrokerQueues
{
    /// <summary>Makes quorum queues with the library's defaults; again: in place of those that are there.</summary>
    internal static async Task MakeAsync(string[] arguments)
    {
        bool isAgain = arguments[0] == "--again";
        foreach (string text in isAgain ? arguments[1..] : arguments)
        {
            var queue = (AmqpEndPoint)ParleyEndPoint.Parse(text);
            if (isAgain)
                await RabbitMQTransport.RemoveQueueAsync(queue).ConfigureAwait(false);
            await RabbitMQTransport.CreateQueueAsync(queue).ConfigureAwait(false);
        }
    }

    /// <summary>Prints how many messages were confirmed in a second.</summary>
    internal static async Task SendAsync(string[] arguments)
    {
        var queue = (AmqpEndPoint)ParleyEndPoint.Parse(arguments[1]);
        (int count, int warmUp, int size, int window) = (Number(arguments[2]), Number(arguments[3]), Number(arguments[4]), Number(arguments[5]));
        byte[] body = Bytes(size);
        if (arguments[0] == "parley")
        {
            RabbitMQTransport.Use(new RabbitMQOptions { ConfirmWindow = window });
            await using MessageChannel channel = await MessageChannel.OpenAsync(queue).ConfigureAwait(false);
            await InWindowsAsync(() => channel.SendAsync(body).AsTask(), count, warmUp, window).ConfigureAwait(false);
            return;
        }

        await using IConnection connection = await ConnectAsync(queue).ConfigureAwait(false);

        // Without its own limit, which delays publishes as soon as half of it is used: the window below is the limit.
        var confirming = new CreateChannelOptions(
            publisherConfirmationsEnabled: true, publisherConfirmationTrackingEnabled: true, outstandingPublisherConfirmationsRateLimiter: null);
        await using IChannel plain = await connection.CreateChannelAsync(confirming).ConfigureAwait(false);
        var properties = new BasicProperties { Persistent = true };
        await InWindowsAsync(() => plain.BasicPublishAsync("", queue.Queue, mandatory: true, properties, body).AsTask(), count, warmUp, window).ConfigureAwait(false);
    }

    /// <summary>Prints how many messages were received and acknowledged, one by one, in a second.</summary>
    internal static async Task ReceiveAsync(string[] arguments)
    {
        var queue = (AmqpEndPoint)ParleyEndPoint.Parse(arguments[1]);
        (int count, int warmUp, int size, int prefetch) = (Number(arguments[2]), Number(arguments[3]), Number(arguments[4]), Number(arguments[5]));
        byte[] expected = Bytes(size);
        if (arguments[0] == "parley")
        {
            RabbitMQTransport.Use(new RabbitMQOptions { Prefetch = prefetch });
            await using MessageChannel channel = await MessageChannel.OpenAsync(queue).ConfigureAwait(false);
            byte[] buffer = new byte[size];
            long started = 0;
            for (int i = 0; i < count + warmUp; i++)
            {
                if (i == warmUp)
                    started = Stopwatch.GetTimestamp();
                ReceivedMessage received = await channel.ReceiveAsync(buffer).ConfigureAwait(false);
                await received.Delivery!.AcknowledgeAsync().ConfigureAwait(false);
                MustBeEqual(expected, buffer.AsSpan(0, received.Length));
            }

            PrintRate(Stopwatch.GetTimestamp() - started, count);
            return;
        }

        await using IConnection connection = await ConnectAsync(queue).ConfigureAwait(false);
        await using IChannel plain = await connection.CreateChannelAsync().ConfigureAwait(false);
        await plain.BasicQosAsync(0, (ushort)prefetch, global: false).ConfigureAwait(false);
        var done = new TaskCompletionSource<long>(TaskCreationOptions.RunContinuationsAsynchronously);
        int came = 0;
        long begun = 0;
        var consumer = new AsyncEventingBasicConsumer(plain);
        consumer.ReceivedAsync += async (_, message) =>
        {
            if (came >= count + warmUp)
                return;
            if (came == warmUp)
                begun = Stopwatch.GetTimestamp();
            byte[] copy = message.Body.ToArray();
            await plain.BasicAckAsync(message.DeliveryTag, multiple: false).ConfigureAwait(false);
            if (!copy.AsSpan().SequenceEqual(expected))
                done.TrySetException(new InvalidDataException("what came is not what was sent"));
            if (++came == count + warmUp)
                done.TrySetResult(Stopwatch.GetTimestamp() - begun);
        };
        await plain.BasicConsumeAsync(queue.Queue, autoAck: false, consumer).ConfigureAwait(false);
        PrintRate(await done.Task.ConfigureAwait(false), count);
    }

    private static async Task InWindowsAsync(Func<Task> send, int count, int warmUp, int window)
    {
        var underWay = new Queue<Task>(window);
        long started = 0;
        for (int i = 0; i < count + warmUp; i++)
        {
            if (i == warmUp)
                started = Stopwatch.GetTimestamp();
            if (underWay.Count == window)
                await underWay.Dequeue().ConfigureAwait(false);
            underWay.Enqueue(send());
        }

        while (underWay.TryDequeue(out Task? left))
            await left.ConfigureAwait(false);
        PrintRate(Stopwatch.GetTimestamp() - started, count);
    }

    private static Task<IConnection> ConnectAsync(AmqpEndPoint queue)
    {
        var address = (System.Net.IPEndPoint)queue.Address;
        return new ConnectionFactory { HostName = address.Address.ToString(), Port = address.Port }.CreateConnectionAsync();
    }
}
