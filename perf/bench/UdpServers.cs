using System.Buffers.Binary;

namespace Parley.Bench;

/// <summary>The servers of <c>c/udp_server.c</c>, over a message channel. Each runs until it is killed.</summary>
internal static class UdpServers
{
    private const int Window = 100;
    private const int Largest = 2048;

    /// <summary><c>udp KIND ENDPOINT</c></summary>
    internal static async Task RunAsync(string kind, string endPoint)
    {
        Func<MessageChannel, Task> server = kind switch
        {
            "echo" => EchoAsync,
            "echo-blocking" => EchoBlocking,
            "sink" => SinkAsync,
            "sink-blocking" => SinkBlocking,
            "sink-batch" => SinkBatchesAsync,
            "source" => channel => SourceAsync(channel, batches: false),
            "source-blocking" => SourceBlocking,
            "source-batch" => channel => SourceAsync(channel, batches: true),
            _ => throw new ArgumentException("usage: parley-bench udp echo|echo-blocking|sink|sink-blocking|sink-batch|source|source-blocking|source-batch ENDPOINT"),
        };
        var options = new MessageChannelOptions { RunContinuationsInline = true };
        MessageChannel channel = await MessageChannel.BindAsync(ParleyEndPoint.Parse(endPoint), options).ConfigureAwait(false);
        await using (channel.ConfigureAwait(false))
            await server(channel).ConfigureAwait(false);
    }

    private static async Task EchoAsync(MessageChannel channel)
    {
        byte[] buffer = new byte[Largest];
        while (true)
        {
            ReceivedMessage received = await channel.ReceiveAsync(buffer).ConfigureAwait(false);
            await channel.SendAsync(buffer.AsMemory(0, received.Length), received.Header).ConfigureAwait(false);
        }
    }

    private static Task EchoBlocking(MessageChannel channel)
    {
        byte[] buffer = new byte[Largest];
        while (true)
        {
            ReceivedMessage received = channel.Receive(buffer, Timeout.InfiniteTimeSpan);
            channel.Send(buffer.AsSpan(0, received.Length), received.Header, Timeout.InfiniteTimeSpan);
        }
    }

    private static async Task SinkAsync(MessageChannel channel)
    {
        byte[] buffer = new byte[Largest];
        byte[] answer = new byte[16];
        ulong sum = 0;
        for (int seen = 1; ; seen++)
        {
            ReceivedMessage received = await channel.ReceiveAsync(buffer).ConfigureAwait(false);
            sum += BinaryPrimitives.ReadUInt64LittleEndian(buffer);
            if (seen % Window != 0)
                continue;
            BinaryPrimitives.WriteUInt64LittleEndian(answer, sum);
            sum = 0;
            await channel.SendAsync(answer, received.Header).ConfigureAwait(false);
        }
    }

    private static Task SinkBlocking(MessageChannel channel)
    {
        byte[] buffer = new byte[Largest];
        byte[] answer = new byte[16];
        ulong sum = 0;
        for (int seen = 1; ; seen++)
        {
            ReceivedMessage received = channel.Receive(buffer, Timeout.InfiniteTimeSpan);
            sum += BinaryPrimitives.ReadUInt64LittleEndian(buffer);
            if (seen % Window != 0)
                continue;
            BinaryPrimitives.WriteUInt64LittleEndian(answer, sum);
            sum = 0;
            channel.Send(answer, received.Header, Timeout.InfiniteTimeSpan);
        }
    }

    private static async Task SinkBatchesAsync(MessageChannel channel)
    {
        var batch = new MessageBatch(64, Largest);
        byte[] answer = new byte[16];
        ulong sum = 0;
        int seen = 0;
        while (true)
        {
            int count = await channel.ReceiveBatchAsync(batch).ConfigureAwait(false);
            for (int i = 0; i < count; i++)
            {
                sum += BinaryPrimitives.ReadUInt64LittleEndian(batch[i].Body.Span);
                if (++seen % Window != 0)
                    continue;
                BinaryPrimitives.WriteUInt64LittleEndian(answer, sum);
                sum = 0;
                await channel.SendAsync(answer, batch[i].Header).ConfigureAwait(false);
            }
        }
    }

    private static Task SourceBlocking(MessageChannel channel)
    {
        byte[] message = new byte[Largest];
        ulong number = 0;
        while (true)
        {
            ReceivedMessage asked = channel.Receive(message, Timeout.InfiniteTimeSpan);
            int size = BinaryPrimitives.ReadInt32LittleEndian(message.AsSpan(8));
            for (int i = 0; i < Window; i++)
            {
                BinaryPrimitives.WriteUInt64LittleEndian(message, number++);
                channel.Send(message.AsSpan(0, size), asked.Header, Timeout.InfiniteTimeSpan);
            }
        }
    }

    private static async Task SourceAsync(MessageChannel channel, bool batches)
    {
        byte[] request = new byte[Largest];
        var messages = new ReadOnlyMemory<byte>[Window];
        byte[][] bodies = [.. Enumerable.Range(0, Window).Select(_ => new byte[Largest])];
        ulong number = 0;
        while (true)
        {
            ReceivedMessage asked = await channel.ReceiveAsync(request).ConfigureAwait(false);
            int size = BinaryPrimitives.ReadInt32LittleEndian(request.AsSpan(8));
            for (int i = 0; i < Window; i++)
            {
                BinaryPrimitives.WriteUInt64LittleEndian(bodies[i], number++);
                messages[i] = bodies[i].AsMemory(0, size);
                if (!batches)
                    await channel.SendAsync(messages[i], asked.Header).ConfigureAwait(false);
            }

            if (batches)
                await channel.SendBatchAsync(messages, asked.Header).ConfigureAwait(false);
        }
    }
}
