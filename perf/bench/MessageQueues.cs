using System.Diagnostics;
using static Parley.Bench.Sample;

namespace Parley.Bench;

/// <summary>
/// mq-echo MODE FROM TO; mq-ping MODE TO FROM COUNT WARMUP SIZE; mq-send MODE NAME; mq-receive MODE NAME COUNT WARMUP. The mode says how to
/// wait: "block" in the kernel at once, "spin" with the default look before that, "async" (echo and ping) in the event loop; or "bare": the system's
/// calls that block, without the library.
/// </summary>
internal static class MessageQueues
{
    // The default of the system, which is that of these queues.
    private const int LongestMessage = 8192;

    /// <summary>Sends back whatever comes, until it is ended.</summary>
    internal static async Task EchoAsync(string[] arguments)
    {
        (string mode, string from, string to) = (arguments[0], arguments[1], arguments[2]);
        if (mode == "bare")
            Echo(new BareCalls(from), new BareCalls(to));
        await using MessageChannel incoming = await OpenAsync(mode, from, ConnectionDirection.ReceiveOnly).ConfigureAwait(false);
        await using MessageChannel outgoing = await OpenAsync(mode, to, ConnectionDirection.SendOnly).ConfigureAwait(false);
        if (mode != "async")
            Echo(new LibraryCalls(incoming), new LibraryCalls(outgoing));
        byte[] buffer = new byte[incoming.MaxMessageSize];
        while (true)
            await outgoing.SendAsync(buffer.AsMemory(0, (await incoming.ReceiveAsync(buffer).ConfigureAwait(false)).Length)).ConfigureAwait(false);
    }

    /// <summary>Prints the microseconds of a round trip.</summary>
    internal static async Task PingAsync(string[] arguments)
    {
        (string mode, string to, string from) = (arguments[0], arguments[1], arguments[2]);
        (int count, int warmUp, int size) = (Number(arguments[3]), Number(arguments[4]), Number(arguments[5]));
        byte[] sent = Bytes(size * (count + warmUp));
        byte[] received = new byte[sent.Length];
        long ticks;
        if (mode == "bare")
        {
            ticks = Ping(new BareCalls(to), new BareCalls(from), sent, received, size, warmUp);
        }
        else
        {
            await using MessageChannel outgoing = await OpenAsync(mode, to, ConnectionDirection.SendOnly).ConfigureAwait(false);
            await using MessageChannel incoming = await OpenAsync(mode, from, ConnectionDirection.ReceiveOnly).ConfigureAwait(false);
            ticks = mode == "async"
                ? await PingAsync(outgoing, incoming, sent, received, size, warmUp).ConfigureAwait(false)
                : Ping(new LibraryCalls(outgoing), new LibraryCalls(incoming), sent, received, size, warmUp);
        }

        MustBeEqual(sent, received);
        PrintMicroseconds(ticks, count);
    }

    /// <summary>Sends messages of 8 bytes that count up, until it is ended.</summary>
    internal static async Task SendAsync(string[] arguments)
    {
        (string mode, string name) = (arguments[0], arguments[1]);
        MustBlock(mode);
        if (mode == "bare")
            Send(new BareCalls(name));
        await using MessageChannel channel = await OpenAsync(mode, name, ConnectionDirection.SendOnly).ConfigureAwait(false);
        Send(new LibraryCalls(channel));
    }

    /// <summary>Prints how many messages came in a second; each must be the one after the last.</summary>
    internal static async Task ReceiveAsync(string[] arguments)
    {
        (string mode, string name) = (arguments[0], arguments[1]);
        (int count, int warmUp) = (Number(arguments[2]), Number(arguments[3]));
        MustBlock(mode);
        if (mode == "bare")
        {
            PrintRate(Receive(new BareCalls(name), count, warmUp), count);
            return;
        }

        await using MessageChannel channel = await OpenAsync(mode, name, ConnectionDirection.ReceiveOnly).ConfigureAwait(false);
        PrintRate(Receive(new LibraryCalls(channel), count, warmUp), count);
    }

    private static void Echo<TCalls>(TCalls incoming, TCalls outgoing)
        where TCalls : struct, IQueueCalls
    {
        byte[] buffer = new byte[LongestMessage];
        while (true)
            outgoing.Send(buffer.AsSpan(0, incoming.Receive(buffer)));
    }

    private static long Ping<TCalls>(TCalls outgoing, TCalls incoming, byte[] sent, byte[] received, int size, int warmUp)
        where TCalls : struct, IQueueCalls
    {
        byte[] buffer = new byte[LongestMessage];
        long started = 0;
        for (int at = 0; at < sent.Length; at += size)
        {
            if (at == warmUp * size)
                started = Stopwatch.GetTimestamp();
            outgoing.Send(sent.AsSpan(at, size));
            incoming.Receive(buffer);
            buffer.AsSpan(0, size).CopyTo(received.AsSpan(at));
        }

        return Stopwatch.GetTimestamp() - started;
    }

    private static async Task<long> PingAsync(MessageChannel outgoing, MessageChannel incoming, byte[] sent, byte[] received, int size, int warmUp)
    {
        byte[] buffer = new byte[LongestMessage];
        long started = 0;
        for (int at = 0; at < sent.Length; at += size)
        {
            if (at == warmUp * size)
                started = Stopwatch.GetTimestamp();
            await outgoing.SendAsync(sent.AsMemory(at, size)).ConfigureAwait(false);
            await incoming.ReceiveAsync(buffer).ConfigureAwait(false);
            buffer.AsSpan(0, size).CopyTo(received.AsSpan(at));
        }

        return Stopwatch.GetTimestamp() - started;
    }

    private static void Send<TCalls>(TCalls queue)
        where TCalls : struct, IQueueCalls
    {
        byte[] message = new byte[sizeof(long)];
        for (long i = 0; ; i++)
        {
            BitConverter.TryWriteBytes(message, i);
            queue.Send(message);
        }
    }

    private static long Receive<TCalls>(TCalls queue, int count, int warmUp)
        where TCalls : struct, IQueueCalls
    {
        byte[] buffer = new byte[LongestMessage];
        long started = 0;
        long last = 0;
        long wrong = 0;
        for (int i = 0; i < count + warmUp; i++)
        {
            if (i == warmUp)
                started = Stopwatch.GetTimestamp();
            queue.Receive(buffer);
            long number = BitConverter.ToInt64(buffer);
            wrong |= i == 0 ? 0 : number - last - 1;
            last = number;
        }

        long ticks = Stopwatch.GetTimestamp() - started;
        return wrong == 0 ? ticks : throw new InvalidDataException("a message was lost, or came out of turn");
    }

    private static void MustBlock(string mode)
    {
        if (mode == "async")
            throw new ArgumentException("one way there is no async");
    }

    private static ValueTask<MessageChannel> OpenAsync(string mode, string name, ConnectionDirection direction)
    {
        var options = new MessageChannelOptions { Direction = direction };
        if (mode == "block")
            options.SpinTime = TimeSpan.Zero;
        return MessageChannel.OpenAsync(new MessageQueueEndPoint(name), options);
    }
}
