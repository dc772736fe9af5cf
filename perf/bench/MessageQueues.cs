using System.Diagnostics;
using static Parley.Bench.Sample;

namespace Parley.Bench;

/// <summary>
/// mq-echo MODE FROM TO; mq-ping MODE TO FROM COUNT WARMUP SIZE; mq-send MODE NAME; mq-receive MODE NAME COUNT WARMUP. The mode says how to
/// wait: "block" in the kernel at once, "spin" with the default look before that, "async" in the event loop.
/// </summary>
internal static class MessageQueues
{
    /// <summary>Sends back whatever comes, until it is ended.</summary>
    internal static async Task EchoAsync(string[] arguments)
    {
        (string mode, string from, string to) = (arguments[0], arguments[1], arguments[2]);
        await using MessageChannel incoming = await OpenAsync(mode, from, ConnectionDirection.ReceiveOnly).ConfigureAwait(false);
        await using MessageChannel outgoing = await OpenAsync(mode, to, ConnectionDirection.SendOnly).ConfigureAwait(false);
        byte[] buffer = new byte[incoming.MaxMessageSize];
        while (mode == "async")
            await outgoing.SendAsync(buffer.AsMemory(0, (await incoming.ReceiveAsync(buffer).ConfigureAwait(false)).Length)).ConfigureAwait(false);
        while (true)
            outgoing.Send(buffer.AsSpan(0, incoming.Receive(buffer, Timeout.InfiniteTimeSpan).Length), default, Timeout.InfiniteTimeSpan);
    }

    /// <summary>Prints the microseconds of a round trip.</summary>
    internal static async Task PingAsync(string[] arguments)
    {
        (string mode, string to, string from) = (arguments[0], arguments[1], arguments[2]);
        (int count, int warmUp, int size) = (Number(arguments[3]), Number(arguments[4]), Number(arguments[5]));
        await using MessageChannel outgoing = await OpenAsync(mode, to, ConnectionDirection.SendOnly).ConfigureAwait(false);
        await using MessageChannel incoming = await OpenAsync(mode, from, ConnectionDirection.ReceiveOnly).ConfigureAwait(false);
        byte[] sent = Bytes(size * (count + warmUp));
        byte[] received = new byte[sent.Length];
        byte[] buffer = new byte[incoming.MaxMessageSize];
        long started = 0;
        for (int i = 0; i < count + warmUp; i++)
        {
            if (i == warmUp)
                started = Stopwatch.GetTimestamp();
            Memory<byte> message = sent.AsMemory(i * size, size);
            if (mode == "async")
            {
                await outgoing.SendAsync(message).ConfigureAwait(false);
                await incoming.ReceiveAsync(buffer).ConfigureAwait(false);
            }
            else
            {
                outgoing.Send(message.Span, default, Timeout.InfiniteTimeSpan);
                incoming.Receive(buffer, Timeout.InfiniteTimeSpan);
            }

            buffer.AsSpan(0, size).CopyTo(received.AsSpan(i * size));
        }

        long ticks = Stopwatch.GetTimestamp() - started;
        MustBeEqual(sent, received);
        PrintMicroseconds(ticks, count);
    }

    /// <summary>Sends messages of 8 bytes that count up, until it is ended.</summary>
    internal static async Task SendAsync(string[] arguments)
    {
        string mode = arguments[0];
        await using MessageChannel channel = await OpenAsync(mode, arguments[1], ConnectionDirection.SendOnly).ConfigureAwait(false);
        byte[] message = new byte[sizeof(long)];
        for (long i = 0; ; i++)
        {
            BitConverter.TryWriteBytes(message, i);
            if (mode == "async")
                await channel.SendAsync(message).ConfigureAwait(false);
            else
                channel.Send(message, default, Timeout.InfiniteTimeSpan);
        }
    }

    /// <summary>Prints how many messages came in a second; each must be the one after the last.</summary>
    internal static async Task ReceiveAsync(string[] arguments)
    {
        string mode = arguments[0];
        (int count, int warmUp) = (Number(arguments[2]), Number(arguments[3]));
        await using MessageChannel channel = await OpenAsync(mode, arguments[1], ConnectionDirection.ReceiveOnly).ConfigureAwait(false);
        byte[] buffer = new byte[channel.MaxMessageSize];
        long started = 0;
        long last = 0;
        bool isInOrder = true;
        for (int i = 0; i < count + warmUp; i++)
        {
            if (i == warmUp)
                started = Stopwatch.GetTimestamp();
            if (mode == "async")
                await channel.ReceiveAsync(buffer).ConfigureAwait(false);
            else
                channel.Receive(buffer, Timeout.InfiniteTimeSpan);
            long number = BitConverter.ToInt64(buffer);
            isInOrder &= i == 0 || number == last + 1;
            last = number;
        }

        long ticks = Stopwatch.GetTimestamp() - started;
        if (!isInOrder)
            throw new InvalidDataException("a message was lost, or came out of turn");
        PrintRate(ticks, count);
    }

    private static ValueTask<MessageChannel> OpenAsync(string mode, string name, ConnectionDirection direction)
    {
        var options = new MessageChannelOptions { Direction = direction };
        if (mode == "block")
            options.SpinTime = TimeSpan.Zero;
        return MessageChannel.OpenAsync(new MessageQueueEndPoint(name), options);
    }
}
