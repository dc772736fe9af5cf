using System.Diagnostics;
using System.Net.Sockets;
using static Parley.Bench.Sample;

namespace Parley.Bench;

/// <summary>
/// framed-echo MODE PATH; framed-ping MODE PATH COUNT WARMUP SIZE; framed-send PATH; framed-receive PATH COUNT WARMUP. Messages with their
/// length in front over a Unix socket. The mode says how to wait: "block" at once, "spin" with the default look before that, "async" in the
/// event loop.
/// </summary>
internal static class Framed
{
    private const int BatchSize = 256;

    /// <summary>Sends back whatever comes, to one client after the other, until it is ended.</summary>
    internal static async Task EchoAsync(string[] arguments)
    {
        string mode = arguments[0];
        await using ConnectionListener listener = await ListenAsync(arguments[1], inline: mode == "async").ConfigureAwait(false);
        while (await listener.AcceptAsync().ConfigureAwait(false) is { } connection)
        {
            await using MessageChannel channel = MessageChannel.Over(connection, Options(mode));
            byte[] buffer = new byte[channel.MaxMessageSize];
            while (true)
            {
                ReceivedMessage received = mode == "async"
                    ? await channel.ReceiveAsync(buffer).ConfigureAwait(false)
                    : channel.Receive(buffer, Timeout.InfiniteTimeSpan);
                if (received.IsEnd)
                    break;
                if (mode == "async")
                    await channel.SendAsync(buffer.AsMemory(0, received.Length)).ConfigureAwait(false);
                else
                    channel.Send(buffer.AsSpan(0, received.Length), default, Timeout.InfiniteTimeSpan);
            }
        }
    }

    /// <summary>Prints the microseconds of a round trip.</summary>
    internal static async Task PingAsync(string[] arguments)
    {
        string mode = arguments[0];
        (int count, int warmUp, int size) = (Number(arguments[2]), Number(arguments[3]), Number(arguments[4]));
        await using MessageChannel channel = await MessageChannel.OpenAsync(new UnixDomainSocketEndPoint(arguments[1]), Options(mode)).ConfigureAwait(false);
        byte[] sent = Bytes(size * (count + warmUp));
        byte[] received = new byte[sent.Length];
        long started = 0;
        for (int i = 0; i < count + warmUp; i++)
        {
            if (i == warmUp)
                started = Stopwatch.GetTimestamp();
            Memory<byte> message = sent.AsMemory(i * size, size);
            Memory<byte> back = received.AsMemory(i * size, size);
            if (mode == "async")
            {
                await channel.SendAsync(message).ConfigureAwait(false);
                await channel.ReceiveAsync(back).ConfigureAwait(false);
            }
            else
            {
                channel.Send(message.Span, default, Timeout.InfiniteTimeSpan);
                channel.Receive(back.Span, Timeout.InfiniteTimeSpan);
            }
        }

        long ticks = Stopwatch.GetTimestamp() - started;
        MustBeEqual(sent, received);
        PrintMicroseconds(ticks, count);
    }

    /// <summary>Sends messages of 8 bytes that count up, in batches, to one client after the other, until it is ended.</summary>
    internal static async Task SendAsync(string[] arguments)
    {
        await using ConnectionListener listener = await ListenAsync(arguments[0], inline: true).ConfigureAwait(false);
        byte[] bytes = new byte[BatchSize * sizeof(long)];
        var batch = new ReadOnlyMemory<byte>[BatchSize];
        for (int i = 0; i < BatchSize; i++)
            batch[i] = bytes.AsMemory(i * sizeof(long), sizeof(long));
        while (await listener.AcceptAsync().ConfigureAwait(false) is { } connection)
        {
            MessageChannel channel = MessageChannel.Over(connection, Options("async"));
            try
            {
                for (long next = 0; ;)
                {
                    for (int i = 0; i < BatchSize; i++)
                        BitConverter.TryWriteBytes(bytes.AsSpan(i * sizeof(long)), next++);
                    await channel.SendBatchAsync(batch).ConfigureAwait(false);
                }
            }
            catch (ConnectionException)
            {
                // The client has had enough.
                connection.Abort();
            }
        }
    }

    /// <summary>Prints how many messages came in a second; each must be the one after the last.</summary>
    internal static async Task ReceiveAsync(string[] arguments)
    {
        (int count, int warmUp) = (Number(arguments[1]), Number(arguments[2]));
        Connection connection = await Connection.ConnectAsync(new UnixDomainSocketEndPoint(arguments[0])).ConfigureAwait(false);
        MessageChannel channel = MessageChannel.Over(connection, Options("async"));
        var batch = new MessageBatch(BatchSize, sizeof(long));
        long next = 0;
        bool isInOrder = true;
        while (next < warmUp)
            await TakeAsync().ConfigureAwait(false);
        long first = next;
        long started = Stopwatch.GetTimestamp();
        while (next < first + count)
            await TakeAsync().ConfigureAwait(false);
        long ticks = Stopwatch.GetTimestamp() - started;
        connection.Abort();
        if (!isInOrder)
            throw new InvalidDataException("a message was lost, or came out of turn");
        PrintRate(ticks, (int)(next - first));

        async ValueTask TakeAsync()
        {
            int received = await channel.ReceiveBatchAsync(batch).ConfigureAwait(false);
            for (int i = 0; i < received; i++)
                isInOrder &= BitConverter.ToInt64(batch[i].Body.Span) == next++;
            isInOrder &= received > 0;
        }
    }

    private static ValueTask<ConnectionListener> ListenAsync(string path, bool inline)
        => ConnectionListener.BindAsync(new UnixDomainSocketEndPoint(path), new ListenerOptions { RunContinuationsInline = inline });

    private static MessageChannelOptions Options(string mode)
    {
        var options = new MessageChannelOptions
        {
            Framing = MessageFraming.Len32,
            MaxMessageSize = 64 * 1024,
            RunContinuationsInline = mode == "async",
        };
        if (mode == "block")
            options.SpinTime = TimeSpan.Zero;
        return options;
    }
}
