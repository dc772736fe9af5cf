using System.Diagnostics;
using System.Globalization;
using static Parley.Bench.Sample;

namespace Parley.Bench;

/// <summary>
/// deaths KIND PATH COUNT: lets COUNT processes connect through shared memory, one after the other, kills each in the middle of a conversation, and prints the
/// milliseconds from the kill to the failure, of the slowest but one in a hundred. The kind says how it waits meanwhile: "block" and "async" for a message, "bytes"
/// for bytes. death KIND PATH is such a process.
/// </summary>
internal static class Deaths
{
    // Longer than the looks before a sleep: some are killed while they are looked for, some while this side sleeps.
    private const int LatestMicroseconds = 500;

    internal static async Task WatchAsync(string[] arguments)
    {
        (string kind, string path, int count) = (arguments[0], arguments[1], Number(arguments[2]));
        var random = new Random(1);
        double[] milliseconds = new double[count];
        if (kind == "bytes")
        {
            await using ConnectionListener listener = await ConnectionListener.BindAsync(new SharedMemoryEndPoint(path)).ConfigureAwait(false);
            for (int i = 0; i < count; i++)
                milliseconds[i] = await WatchBytesAsync(listener, random).ConfigureAwait(false);
        }
        else
        {
            await using MessageChannelListener listener = await MessageChannelListener.BindAsync(new SharedMemoryEndPoint(path)).ConfigureAwait(false);
            for (int i = 0; i < count; i++)
                milliseconds[i] = await WatchMessagesAsync(listener, kind == "block", random).ConfigureAwait(false);
        }

        Array.Sort(milliseconds);
        Console.WriteLine(milliseconds[(count * 99 / 100) - 1].ToString("0.0000", CultureInfo.InvariantCulture));
    }

    internal static async Task LiveAsync(string[] arguments)
    {
        var endPoint = new SharedMemoryEndPoint(arguments[1]);
        if (arguments[0] == "bytes")
        {
            await using Connection connection = await Connection.ConnectAsync(endPoint).ConfigureAwait(false);
            await connection.Output.WriteAsync(new byte[1]).ConfigureAwait(false);
            await connection.Input.ReadAsync().ConfigureAwait(false);
            return;
        }

        await using MessageChannel channel = await MessageChannel.OpenAsync(endPoint).ConfigureAwait(false);
        channel.Send(new byte[1], default, Timeout.InfiniteTimeSpan);
        channel.Receive(new byte[channel.MaxMessageSize], Timeout.InfiniteTimeSpan);
    }

    private static async Task<double> WatchMessagesAsync(MessageChannelListener listener, bool blocks, Random random)
    {
        using Process peer = StartPeer("messages", listener.LocalEndPoint);
        MessageChannel channel = await listener.AcceptAsync().ConfigureAwait(false) ?? throw new InvalidDataException("nobody came");
        byte[] buffer = new byte[channel.MaxMessageSize];
        await channel.ReceiveAsync(buffer).ConfigureAwait(false);
        Task<long> death = blocks
            ? Task.Factory.StartNew(() => FailedAt(() => channel.Receive(buffer, Timeout.InfiniteTimeSpan)), TaskCreationOptions.LongRunning)
            : FailedAtAsync(async () => await channel.ReceiveAsync(buffer).ConfigureAwait(false));
        return await KillAsync(peer, channel, death, random).ConfigureAwait(false);
    }

    private static async Task<double> WatchBytesAsync(ConnectionListener listener, Random random)
    {
        using Process peer = StartPeer("bytes", listener.LocalEndPoint);
        Connection connection = await listener.AcceptAsync().ConfigureAwait(false) ?? throw new InvalidDataException("nobody came");
        connection.Input.AdvanceTo((await connection.Input.ReadAsync().ConfigureAwait(false)).Buffer.End);
        Task<long> death = FailedAtAsync(async () => await connection.Input.ReadAsync().ConfigureAwait(false));
        return await KillAsync(peer, connection, death, random).ConfigureAwait(false);
    }

    private static async Task<double> KillAsync(Process peer, IAsyncDisposable conversation, Task<long> death, Random random)
    {
        long due = Stopwatch.GetTimestamp() + (Stopwatch.Frequency * random.Next(LatestMicroseconds) / 1_000_000);
        while (Stopwatch.GetTimestamp() < due)
            Thread.SpinWait(1);
        long killed = Stopwatch.GetTimestamp();
        peer.Kill();
        double milliseconds = Stopwatch.GetElapsedTime(killed, await death.ConfigureAwait(false)).TotalMilliseconds;
        await conversation.DisposeAsync().ConfigureAwait(false);
        await peer.WaitForExitAsync().ConfigureAwait(false);
        return milliseconds;
    }

    private static long FailedAt(Func<ReceivedMessage> wait)
    {
        try
        {
            wait();
        }
        catch (ConnectionException failure) when (failure.Reason == Reason.PeerDied)
        {
            return Stopwatch.GetTimestamp();
        }

        throw new InvalidDataException("a death was taken for an end, or a message");
    }

    private static async Task<long> FailedAtAsync(Func<Task> wait)
    {
        try
        {
            await wait().ConfigureAwait(false);
        }
        catch (ConnectionException failure) when (failure.Reason == Reason.PeerDied)
        {
            return Stopwatch.GetTimestamp();
        }

        throw new InvalidDataException("a death was taken for an end, or a message");
    }

    private static Process StartPeer(string kind, System.Net.EndPoint? endPoint)
        => Process.Start(Environment.ProcessPath!, ["death", kind, ((SharedMemoryEndPoint)endPoint!).Name]);
}
