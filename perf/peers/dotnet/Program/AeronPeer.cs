using System.Diagnostics;
using System.Globalization;
using Adaptive.Aeron;
using Adaptive.Aeron.LogBuffer;
using Adaptive.Agrona;
using Adaptive.Agrona.Concurrent;
using Parley.Bench;

namespace Parley.Peers;

/// <summary>Exclusive publications on "aeron:ipc", claims written in place; the media driver is C's.</summary>
internal sealed class AeronPeer : Peer
{
    private const string Channel = "aeron:ipc";
    private const int FragmentLimit = 256;

    private readonly Adaptive.Aeron.Aeron _aeron;
    private readonly int _stream;
    private readonly BusySpinIdleStrategy _idle = new();

    internal AeronPeer(string place)
    {
        string[] parts = place.Split(',');
        _stream = int.Parse(parts[1], CultureInfo.InvariantCulture);
        _aeron = Adaptive.Aeron.Aeron.Connect(new Adaptive.Aeron.Aeron.Context().AeronDirectoryName(parts[0]));
    }

    internal override void Echo()
    {
        using Subscription there = _aeron.AddSubscription(Channel, _stream);
        using ExclusivePublication back = _aeron.AddExclusivePublication(Channel, _stream + 1);
        Image image = ImageOf(there);
        Work.Until(() => back.IsConnected);
        byte[] message = new byte[4096];
        var claim = new BufferClaim();
        var handler = new Handler((buffer, offset, length) =>
        {
            buffer.GetBytes(offset, message, 0, length);
            Put(back, claim, message, 0, length);
        });
        while (!Work.Stopped)
            _idle.Idle(image.Poll(handler, FragmentLimit));
    }

    internal override void Ping(RoundTrips trips)
    {
        using Subscription back = _aeron.AddSubscription(Channel, _stream + 1);
        using ExclusivePublication there = _aeron.AddExclusivePublication(Channel, _stream);
        Image image = ImageOf(back);
        Work.Until(() => there.IsConnected);
        var claim = new BufferClaim();
        var handler = new Handler((buffer, offset, length) => buffer.GetBytes(offset, trips.Received, trips.At, length));
        do
        {
            Put(there, claim, trips.Sent, trips.At, trips.Size);
            while (image.Poll(handler, 1) == 0)
                _idle.Idle();
        }
        while (trips.Next());
    }

    internal override void Send(int size)
    {
        using ExclusivePublication publication = _aeron.AddExclusivePublication(Channel, _stream);
        Work.Until(() => publication.IsConnected);
        byte[] message = new byte[size];
        var claim = new BufferClaim();
        for (long i = 0; !Work.Stopped; i++)
        {
            BitConverter.TryWriteBytes(message, i);
            if (!Put(publication, claim, message, 0, size))
                return;
        }
    }

    internal override (long Ticks, bool IsWrong) Receive(int count, int warmUp)
    {
        using Subscription subscription = _aeron.AddSubscription(Channel, _stream);
        Image image = ImageOf(subscription);
        byte[] message = new byte[4096];
        long wrong = 0;
        long taken = 0;
        var handler = new Handler((buffer, offset, length) =>
        {
            buffer.GetBytes(offset, message, 0, length);
            wrong |= BitConverter.ToInt64(message) ^ taken++;
        });

        // One more or less of what a poll takes is not many.
        while (taken < warmUp)
            _idle.Idle(image.Poll(handler, FragmentLimit));
        long before = taken, started = Stopwatch.GetTimestamp();
        while (taken < before + count)
            _idle.Idle(image.Poll(handler, FragmentLimit));
        return (Stopwatch.GetTimestamp() - started, wrong != 0);
    }

    public override void Dispose() => _aeron.Dispose();

    private static Image ImageOf(Subscription subscription)
    {
        Work.Until(() => subscription.ImageCount > 0);
        return subscription.ImageAtIndex(0);
    }

    private bool Put(ExclusivePublication publication, BufferClaim claim, byte[] message, int offset, int length)
    {
        long position;
        while ((position = publication.TryClaim(length, claim)) < 0)
        {
            if (Work.Stopped || (position != Publication.BACK_PRESSURED && position != Publication.ADMIN_ACTION))
                return false;
            _idle.Idle();
        }

        claim.Buffer.PutBytes(claim.Offset, message, offset, length);
        claim.Commit();
        return true;
    }

    private delegate void Take(IDirectBuffer buffer, int offset, int length);

    private sealed class Handler(Take take) : IFragmentHandler
    {
        public void OnFragment(IDirectBuffer buffer, int offset, int length, Header header) => take(buffer, offset, length);
    }
}
