using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Disruptor;
using Disruptor.Dsl;
using Parley.Bench;

namespace Parley.Peers;

/// <summary>Its messages are of one size, here 56 bytes, and are handled in a thread of its own: the next ping is sent from there.</summary>
internal sealed class DisruptorPeer(string directory) : Peer
{
    // As many as go into a megabyte, the size of the others' rings.
    private const int Messages = 16384;

    private readonly List<IDisposable> _open = [];

    internal override void Echo()
    {
        var ended = new Handler();
        IpcPublisher<Message>? back = null;
        ended.Take = (ref Message message, long _) =>
        {
            back ??= Publish("back");
            long sequence = back.Next();
            back[sequence] = message;
            back.Publish(sequence);
        };
        Handle("there", ended);
        while (!Work.Stopped)
            Thread.Sleep(1);
    }

    internal override void Ping(RoundTrips trips)
    {
        MustBeOfItsSize(trips.Size);
        using var ended = new ManualResetEventSlim();
        IpcPublisher<Message> there = null!;
        void Send()
        {
            long sequence = there.Next();
            there[sequence] = MemoryMarshal.AsRef<Message>(trips.Sent.AsSpan(trips.At));
            there.Publish(sequence);
        }

        var handler = new Handler
        {
            Take = (ref Message message, long _) =>
            {
                MemoryMarshal.Write(trips.Received.AsSpan(trips.At), message);
                if (trips.Next())
                    Send();
                else
                    ended.Set();
            },
        };
        Handle("back", handler);
        there = Publish("there");
        Send();
        ended.Wait();
    }

    internal override void Send(int size)
    {
        MustBeOfItsSize(size);
        IpcPublisher<Message> publisher = Publish("there");
        Message message = default;
        for (long i = 0; !Work.Stopped; i++)
        {
            message.Number = i;
            while (!Work.Stopped)
            {
                if (!publisher.TryNext(out long sequence))
                    continue;
                publisher[sequence] = message;
                publisher.Publish(sequence);
                break;
            }
        }
    }

    internal override (long Ticks, bool IsWrong) Receive(int count, int warmUp)
    {
        using var ended = new ManualResetEventSlim();
        long started = 0, ticks = 0, wrong = 0, next = 0;
        var handler = new Handler
        {
            Take = (ref Message message, long _) =>
            {
                wrong |= message.Number ^ next;
                if (++next == warmUp)
                    started = Stopwatch.GetTimestamp();
                if (next != warmUp + count)
                    return;
                ticks = Stopwatch.GetTimestamp() - started;
                ended.Set();
            },
        };
        Handle("there", handler);
        ended.Wait();
        return (ticks, wrong != 0);
    }

    public override void Dispose()
    {
        // The consumer's end waits for its thread, the publisher's would wait for nobody.
        foreach (IDisposable end in _open)
            end.Dispose();
    }

    private static void MustBeOfItsSize(int size)
    {
        if (size != Unsafe.SizeOf<Message>())
            throw new ArgumentException($"messages are of {Unsafe.SizeOf<Message>()} bytes");
    }

    private void Handle(string name, Handler handler)
    {
        string place = Path.Combine(directory, name);
        var disruptor = new IpcDisruptor<Message>(IpcRingBufferMemory.Create<Message>(place, Messages), new BusySpinWaitStrategy(), ownsMemory: true);
        _open.Add(disruptor);
        disruptor.HandleEventsWith(handler);
        disruptor.Start();
        File.WriteAllText(place + ".ready", string.Empty);
    }

    private IpcPublisher<Message> Publish(string name)
    {
        string place = Path.Combine(directory, name);
        Work.Until(() => File.Exists(place + ".ready"));
        var publisher = new IpcPublisher<Message>(place);
        _open.Insert(0, publisher);
        return publisher;
    }

    [StructLayout(LayoutKind.Sequential, Size = 56)]
    private struct Message
    {
        internal long Number;
        internal long A, B, C, D, E, F;
    }

    private delegate void Take(ref Message message, long sequence);

    private sealed class Handler : IValueEventHandler<Message>
    {
        internal Take Take { get; set; } = null!;

        public void OnEvent(ref Message data, long sequence, bool endOfBatch) => Take(ref data, sequence);
    }
}
