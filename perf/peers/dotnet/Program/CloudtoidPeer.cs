using System.Diagnostics;
using Cloudtoid.Interprocess;
using Parley.Bench;

namespace Parley.Peers;

/// <summary>At its fastest TryDequeue is called again and again; its Dequeue yields and sleeps where nothing is there.</summary>
internal sealed class CloudtoidPeer(string directory, bool sleeps) : Peer
{
    private const int Capacity = 1 << 20;

    private readonly QueueFactory _factory = new();
    private readonly List<IDisposable> _open = [];

    internal override void Echo()
    {
        ISubscriber there = Subscribe("there");
        IPublisher back = Publish("back");
        SayReady();
        byte[] buffer = new byte[4096];
        while (TryTake(there, buffer, out int length))
            Put(back, buffer.AsSpan(0, length));
    }

    internal override void Ping(RoundTrips trips)
    {
        AwaitReady();
        IPublisher there = Publish("there");
        ISubscriber back = Subscribe("back");
        byte[] buffer = new byte[4096];
        do
        {
            Put(there, trips.Sent.AsSpan(trips.At, trips.Size));
            TryTake(back, buffer, out int length);
            buffer.AsSpan(0, length).CopyTo(trips.Received.AsSpan(trips.At));
        }
        while (trips.Next());
    }

    internal override void Send(int size)
    {
        IPublisher publisher = Publish("there");
        SayReady();
        byte[] message = new byte[size];
        for (long i = 0; !Work.Stopped; i++)
        {
            BitConverter.TryWriteBytes(message, i);
            Put(publisher, message);
        }
    }

    internal override (long Ticks, bool IsWrong) Receive(int count, int warmUp)
    {
        AwaitReady();
        ISubscriber subscriber = Subscribe("there");
        byte[] buffer = new byte[4096];
        long started = 0, wrong = 0;
        for (long i = 0; i < warmUp + count; i++)
        {
            if (i == warmUp)
                started = Stopwatch.GetTimestamp();
            if (sleeps)
                subscriber.Dequeue(buffer, CancellationToken.None);
            else
                TryTake(subscriber, buffer, out _);
            wrong |= BitConverter.ToInt64(buffer) ^ i;
        }

        return (Stopwatch.GetTimestamp() - started, wrong != 0);
    }

    public override void Dispose()
    {
        foreach (IDisposable end in _open)
            end.Dispose();
    }

    private static void Put(IPublisher publisher, ReadOnlySpan<byte> message)
    {
        while (!publisher.TryEnqueue(message) && !Work.Stopped)
        {
        }
    }

    private static bool TryTake(ISubscriber subscriber, byte[] buffer, out int length)
    {
        while (!Work.Stopped)
        {
            if (!subscriber.TryDequeue(buffer, CancellationToken.None, out ReadOnlyMemory<byte> message))
                continue;
            length = message.Length;
            return true;
        }

        length = 0;
        return false;
    }

    private IPublisher Publish(string name) => Kept(_factory.CreatePublisher(Options(name)));

    private ISubscriber Subscribe(string name) => Kept(_factory.CreateSubscriber(Options(name)));

    // Two that make the same queue at once may make two of them.
    private void SayReady() => File.WriteAllText(Ready, string.Empty);

    private void AwaitReady() => Work.Until(() => File.Exists(Ready));

    private string Ready => Path.Combine(directory, "ready");

    // The name of its semaphore is the machine's, not the directory's.
    private QueueOptions Options(string name) => new($"{Path.GetFileName(directory)}-{name}", directory, Capacity);

    private T Kept<T>(T end)
        where T : IDisposable
    {
        _open.Add(end);
        return end;
    }
}
