using System.Diagnostics;
using System.Globalization;
using Parley.Bench;

namespace Parley.Peers;

/// <summary>A library whose queues lead from one process to another, one there and one back.</summary>
internal abstract class Peer : IDisposable
{
    /// <summary>Sends back whatever comes, until it must stop.</summary>
    internal abstract void Echo();

    /// <summary>Sends each message and waits until it is back.</summary>
    internal abstract void Ping(RoundTrips trips);

    /// <summary>Sends messages that count up, until it must stop.</summary>
    internal abstract void Send(int size);

    /// <summary>Takes messages; the ticks of all but the first <paramref name="warmUp"/>, and whether one was lost or out of turn.</summary>
    internal abstract (long Ticks, bool IsWrong) Receive(int count, int warmUp);

    public abstract void Dispose();
}

internal static class Work
{
    internal static volatile bool Stopped;

    internal static void Ping(Peer peer, int count, int warmUp, int size)
    {
        var trips = new RoundTrips(size, count, warmUp);
        peer.Ping(trips);
        Console.WriteLine((trips.Ticks * 1e6 / Stopwatch.Frequency / trips.Count).ToString("0.0000", CultureInfo.InvariantCulture));
    }

    internal static void Receive(Peer peer, int count, int warmUp)
    {
        (long ticks, bool isWrong) = peer.Receive(count, warmUp);
        if (isWrong)
            throw new InvalidDataException("a message was lost, or came out of turn");
        Console.WriteLine((count * (double)Stopwatch.Frequency / ticks).ToString("0", CultureInfo.InvariantCulture));
    }

    /// <summary>Waits for what takes a while: the other process.</summary>
    internal static void Until(Func<bool> isThere)
    {
        long end = Stopwatch.GetTimestamp() + (10 * Stopwatch.Frequency);
        while (!isThere())
        {
            if (Stopped || Stopwatch.GetTimestamp() > end)
                throw new TimeoutException("the other side did not come");
            Thread.Sleep(1);
        }
    }
}
