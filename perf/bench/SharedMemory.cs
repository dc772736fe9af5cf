using System.Diagnostics;
using static Parley.Bench.Sample;

namespace Parley.Bench;

/// <summary>
/// shm-echo MODE PATH; shm-ping MODE PATH COUNT WARMUP SIZE; shm-send MODE PATH SIZE; shm-receive MODE PATH COUNT WARMUP. Messages through shared memory, by the public
/// calls. The mode says how: "alone" with the promise that there is one thread a direction, "shared" without it, "batches" as "alone" but 64 messages with
/// a call, "async" in the event loop.
/// </summary>
internal static class SharedMemory
{
    private const int InABatch = 64;

    /// <summary>Sends back whatever comes, to one client after the other, until it is ended.</summary>
    internal static async Task EchoAsync(string[] arguments)
    {
        string mode = arguments[0];
        await using MessageChannelListener listener = await ListenAsync(mode, arguments[1]).ConfigureAwait(false);
        while (await listener.AcceptAsync().ConfigureAwait(false) is { } channel)
        {
            await using (channel.ConfigureAwait(false))
            {
                byte[] buffer = new byte[channel.MaxMessageSize];
                if (mode == "async")
                    await EchoAsync(channel, buffer).ConfigureAwait(false);
                else
                    Echo(channel, buffer);
            }
        }
    }

    /// <summary>Prints the microseconds of a round trip.</summary>
    internal static async Task PingAsync(string[] arguments)
    {
        string mode = arguments[0];
        (int count, int warmUp, int size) = (Number(arguments[2]), Number(arguments[3]), Number(arguments[4]));
        await using MessageChannel channel = await OpenAsync(mode, arguments[1]).ConfigureAwait(false);
        var trips = new RoundTrips(size, count, warmUp);
        if (mode == "async")
            await PingAsync(channel, trips).ConfigureAwait(false);
        else
            Ping(channel, trips);
        PrintMicroseconds(trips.Ticks, trips.Count);
    }

    /// <summary>Sends messages that count up to one client after the other, until it is ended.</summary>
    internal static async Task SendAsync(string[] arguments)
    {
        string mode = arguments[0];
        byte[] message = new byte[Number(arguments[2])];
        await using MessageChannelListener listener = await ListenAsync(mode, arguments[1]).ConfigureAwait(false);
        while (await listener.AcceptAsync().ConfigureAwait(false) is { } channel)
        {
            try
            {
                if (mode == "async")
                    await SendAsync(channel, message).ConfigureAwait(false);
                else if (mode == "batches")
                    SendBatches(channel, message.Length);
                else
                    Send(channel, message);
            }
            catch (ConnectionException)
            {
                // The client has had enough; what it has not taken is not missed.
            }

            await CloseAsync(channel).ConfigureAwait(false);
        }
    }

    /// <summary>Prints how many messages came in a second; each must be the one after the last.</summary>
    internal static async Task ReceiveAsync(string[] arguments)
    {
        string mode = arguments[0];
        (int count, int warmUp) = (Number(arguments[2]), Number(arguments[3]));
        MessageChannel channel = await OpenAsync(mode, arguments[1]).ConfigureAwait(false);
        byte[] buffer = new byte[channel.MaxMessageSize];
        if (mode == "batches")
        {
            await ReceiveBatchesAsync(channel, count, warmUp).ConfigureAwait(false);
            return;
        }

        long wrong = mode == "async" ? await TakeAsync(channel, buffer, 0, warmUp).ConfigureAwait(false) : Take(channel, buffer, 0, warmUp);
        long started = Stopwatch.GetTimestamp();
        wrong |= mode == "async" ? await TakeAsync(channel, buffer, warmUp, warmUp + count).ConfigureAwait(false) : Take(channel, buffer, warmUp, warmUp + count);
        long ticks = Stopwatch.GetTimestamp() - started;
        await CloseAsync(channel).ConfigureAwait(false);
        if (wrong != 0)
            throw new InvalidDataException("a message was lost, or came out of turn");
        PrintRate(ticks, count);
    }

    private static async Task ReceiveBatchesAsync(MessageChannel channel, int count, int warmUp)
    {
        int size = await LengthOfFirstAsync(channel).ConfigureAwait(false);
        var batch = new MessageBatch(InABatch, RoomFor(size));
        long next = 1;
        long wrong = TakeBatches(channel, batch, ref next, warmUp);
        long first = next;
        long started = Stopwatch.GetTimestamp();
        wrong |= TakeBatches(channel, batch, ref next, next + count);
        long ticks = Stopwatch.GetTimestamp() - started;
        await CloseAsync(channel).ConfigureAwait(false);
        if (wrong != 0)
            throw new InvalidDataException("a message was lost, or came out of turn");
        PrintRate(ticks, (int)(next - first));
    }

    private static async Task<int> LengthOfFirstAsync(MessageChannel channel)
    {
        ReceivedMessage first = await channel.ReceiveAsync(new byte[channel.MaxMessageSize]).ConfigureAwait(false);
        return first.Length;
    }

    private static int RoomFor(int size) => (size + 63) & -64;

    private static long TakeBatches(MessageChannel channel, MessageBatch batch, ref long next, long end)
    {
        long wrong = 0;
        while (next < end)
        {
            next += channel.ReceiveBatch(batch, Timeout.InfiniteTimeSpan);
            wrong |= Check(batch, next - batch.Count);
        }

        return wrong;
    }

    private static long Check(MessageBatch batch, long first)
    {
        long wrong = 0;
        foreach (Span<byte> body in batch)
            wrong |= BitConverter.ToInt64(body) ^ first++;
        return wrong;
    }

    private static void Echo(MessageChannel channel, byte[] buffer)
    {
        while (channel.Receive(buffer, Timeout.InfiniteTimeSpan) is { IsEnd: false } received)
            channel.Send(buffer.AsSpan(0, received.Length), default, Timeout.InfiniteTimeSpan);
    }

    private static async Task EchoAsync(MessageChannel channel, byte[] buffer)
    {
        while (await channel.ReceiveAsync(buffer).ConfigureAwait(false) is { IsEnd: false } received)
            await channel.SendAsync(buffer.AsMemory(0, received.Length)).ConfigureAwait(false);
    }

    private static void Ping(MessageChannel channel, RoundTrips trips)
    {
        do
        {
            channel.Send(trips.Sent.AsSpan(trips.At, trips.Size), default, Timeout.InfiniteTimeSpan);
            channel.Receive(trips.Received.AsSpan(trips.At, trips.Size), Timeout.InfiniteTimeSpan);
        }
        while (trips.Next());
    }

    private static async Task PingAsync(MessageChannel channel, RoundTrips trips)
    {
        do
        {
            await channel.SendAsync(trips.Sent.AsMemory(trips.At, trips.Size)).ConfigureAwait(false);
            await channel.ReceiveAsync(trips.Received.AsMemory(trips.At, trips.Size)).ConfigureAwait(false);
        }
        while (trips.Next());
    }

    private static void SendBatches(MessageChannel channel, int size)
    {
        var batch = new MessageBatch(InABatch, RoomFor(size));
        for (int i = 0; i < InABatch; i++)
            batch.Add(size).Clear();
        for (long number = 0; ; number += InABatch)
        {
            Count(batch, number);
            channel.SendBatch(batch, default, Timeout.InfiniteTimeSpan);
        }
    }

    private static void Count(MessageBatch batch, long first)
    {
        foreach (Span<byte> body in batch)
            BitConverter.TryWriteBytes(body, first++);
    }

    // Apart, so that its variables are not fields of what awaits.
    private static void Send(MessageChannel channel, byte[] message)
    {
        for (long i = 0; ; i++)
        {
            BitConverter.TryWriteBytes(message, i);
            channel.Send(message, default, Timeout.InfiniteTimeSpan);
        }
    }

    private static async Task SendAsync(MessageChannel channel, byte[] message)
    {
        for (long i = 0; ; i++)
        {
            BitConverter.TryWriteBytes(message, i);
            await channel.SendAsync(message).ConfigureAwait(false);
        }
    }

    private static long Take(MessageChannel channel, byte[] buffer, int from, int to)
    {
        long wrong = 0;
        for (int i = from; i < to; i++)
        {
            channel.Receive(buffer, Timeout.InfiniteTimeSpan);
            wrong |= BitConverter.ToInt64(buffer) ^ i;
        }

        return wrong;
    }

    private static async Task<long> TakeAsync(MessageChannel channel, byte[] buffer, int from, int to)
    {
        long wrong = 0;
        for (int i = from; i < to; i++)
        {
            await channel.ReceiveAsync(buffer).ConfigureAwait(false);
            wrong |= BitConverter.ToInt64(buffer) ^ i;
        }

        return wrong;
    }

    private static async Task CloseAsync(MessageChannel channel)
    {
        try
        {
            await channel.DisposeAsync().ConfigureAwait(false);
        }
        catch (ConnectionException)
        {
            // The receiver leaves in the middle, and the sender hears of it.
        }
    }

    private static ValueTask<MessageChannelListener> ListenAsync(string mode, string path)
        => MessageChannelListener.BindAsync(new SharedMemoryEndPoint(path), Options(mode));

    private static ValueTask<MessageChannel> OpenAsync(string mode, string path)
        => MessageChannel.OpenAsync(new SharedMemoryEndPoint(path), Options(mode));

    private static MessageChannelOptions Options(string mode) => new()
    {
        SingleReader = mode is "alone" or "batches",
        SingleWriter = mode is "alone" or "batches",
        RunContinuationsInline = mode == "async",
        CloseTimeout = TimeSpan.FromMilliseconds(100),
    };
}
