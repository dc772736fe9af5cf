using System.Diagnostics;
using System.Runtime.CompilerServices;
using Parley.Transports.Descriptors;

namespace Parley.Transports.SharedMemory;

/// <summary>The reader's side of a channel's incoming ring.</summary>
internal sealed class MessageReceiver : RingSide
{
    private readonly MessageRingReader _ring;
    private readonly bool _isAlone;
    private StreamPause _streamPause;

    internal unsafe MessageReceiver(SharedMemoryChannel channel, SharedMemoryLink link, ChannelEnd end, MessageChannelOptions options)
        : base(channel, link, end, options, link.ReaderWake, new RingControl(link.Incoming.Control, isReader: true), stallTimeout: Timeout.InfiniteTimeSpan)
    {
        _ring = new MessageRingReader(link.Incoming);
        _isAlone = options.SingleReader;
    }

    internal MessageRingReader Ring => _ring;

    internal long Messages => _ring.Messages;

    internal long Bytes => _ring.Bytes;

    private protected override Step Step => Step.Receive;

    /// <summary>
    /// Receives a small message if there is nothing else to do: no call, and so nothing to save for one. Where it cannot, nothing has happened, and
    /// <see cref="TryReceive"/> says why.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal bool TryReceiveLine(Span<byte> buffer, out int length)
    {
        MessageRingReader ring = _ring;
        if (!ring.Gate.TryEnter(_isAlone))
        {
            length = 0;
            return false;
        }

        if (Link.IsEnding || !ring.TryTakeLine(buffer, out length))
        {
            ring.Gate.Leave();
            length = 0;
            return false;
        }

        ring.Gate.Leave();
        return true;
    }

    /// <summary>
    /// Looks for a message for a moment where nothing is there, and receives a small one as <see cref="TryReceiveLine"/> does: once it has come, every
    /// step before it is in the caller's hands is one that somebody waits for.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private bool LookAndReceiveLine(Span<byte> buffer, out int length)
    {
        MessageRingReader ring = _ring;
        length = 0;
        if (!ring.Gate.TryEnter(_isAlone))
            return false;
        bool isTaken = !Link.IsEnding && !ring.HasRecord && IsLookDue() && LookBriefly() && ring.TryTakeLine(buffer, out length);
        ring.Gate.Leave();
        return isTaken;
    }

    /// <summary>Receives a message, or the end, if it is there.</summary>
    /// <param name="buffer">Where to.</param>
    /// <param name="received">What was received.</param>
    internal bool TryReceive(Span<byte> buffer, out ReceivedMessage received)
    {
        _ring.Gate.Enter(_isAlone);
        if (End.IsOver)
            ThrowOver();
        int length = 0;
        RingTake take = HasGoneRound ? RingTake.Corrupt : _ring.TryTake(buffer, out length);
        if (take != RingTake.Taken)
        {
            take = TakeOrEnd(take, buffer, ref length);
            if (take != RingTake.Taken)
            {
                received = take == RingTake.End ? ReceivedMessage.End : default;
                return take == RingTake.End;
            }
        }

        if (_ring.MustGiveBack)
            GiveBack();
        _ring.Gate.Leave();
        received = new ReceivedMessage(length, default);
        return true;
    }

    /// <summary>Receives a message on a thread that may be blocked, where <see cref="TryReceiveLine"/> has received none.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    internal ReceivedMessage Receive(Span<byte> buffer, TimeSpan timeout)
        => LookAndReceiveLine(buffer, out int length) ? new ReceivedMessage(length, default) : ReceiveOrWait(buffer, timeout);

    internal ValueTask<ReceivedMessage> ReceiveAsync(Memory<byte> buffer, CancellationToken cancellationToken)
    {
        if (cancellationToken.IsCancellationRequested)
            return ValueTask.FromCanceled<ReceivedMessage>(cancellationToken);
        try
        {
            if (MustYield)
                return YieldAndReceiveAsync(buffer, cancellationToken);
            Span<byte> span = buffer.Span;
            if (TryReceiveLine(span, out int length))
                return new(new ReceivedMessage(length, default));
            return TryReceive(span, out ReceivedMessage received) ? new(received) : WaitAndReceiveAsync(buffer, cancellationToken);
        }
        catch (ConnectionException failure)
        {
            return ValueTask.FromException<ReceivedMessage>(failure);
        }
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    internal async ValueTask<int> ReceiveBatchAsync(MessageBatch batch, CancellationToken cancellationToken)
    {
        batch.Clear();
        ReceivedMessage first = await ReceiveAsync(batch.Room(0), cancellationToken).ConfigureAwait(false);
        if (first.IsEnd)
            return 0;
        batch.Add(first.Length);
        TakeMore(batch);
        return batch.Count;
    }

    /// <summary>The same on a thread that may be blocked.</summary>
    internal int ReceiveBatch(MessageBatch batch, TimeSpan timeout)
    {
        batch.Clear();
        TakeMore(batch);
        if (batch.Count != 0)
            return batch.Count;
        ReceivedMessage first = Receive(batch.Room(0).Span, timeout);
        if (first.IsEnd)
            return 0;
        batch.Add(first.Length);
        TakeMore(batch);
        return batch.Count;
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    internal async ValueTask WaitForMessageAsync(CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        if (MustYield)
            await YieldAsync().ConfigureAwait(false);
        if (!IsReady(length: 0))
            await WaitAsync(length: 0, cancellationToken).ConfigureAwait(false);
        ThrowIfNoneWillCome();
    }

    /// <summary>With nobody else in the ring: says that nothing more is read.</summary>
    internal void EndReading() => SetState(SharedLayout.Closed);

    /// <summary>Waits until nobody is in the ring. <see cref="ChannelEnd.IsOver"/> is set, and every thread has passed a fence since.</summary>
    internal void AwaitLeaving() => _ring.Gate.AwaitLeaving();

    /// <summary>
    /// With nobody else in the ring: waits until the peer has ended its side, or the time is over. Not where something has come that nobody takes any more:
    /// it stays in the ring, and so the peer is told of it.
    /// </summary>
    internal ValueTask AwaitPeersEndAsync(long due) => WaitAloneAsync(() => HasGone(out _) || _ring.HasRecord, due);

    private protected override bool IsReady(int length)
    {
        _ring.Gate.Enter(_isAlone);
        bool isReady = End.IsOver || _ring.HasRecord || HasGone(out _);
        _ring.Gate.Leave();
        return isReady;
    }

    private protected override void PrepareToSleep()
    {
        _ring.Gate.Enter(_isAlone);
        if (!End.IsOver && _ring.HasKept)
            GiveBack();
        _ring.Gate.Leave();
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private unsafe bool LookBriefly()
    {
        ulong* next = _ring.NextHeader;
        int looks = Looks;
        int pauses = _streamPause.Length(_ring.Messages);
        for (int i = 0; i < looks; i++, pauses = 1)
        {
            while (pauses-- > 0)
                ProcessorPause.Pause();
            if (Volatile.Read(ref *next) == 0)
                continue;
            _streamPause.Note(i);
            NoteLook(hasCome: true);
            return true;
        }

        _streamPause.Note(int.MaxValue);
        NoteLook(hasCome: false);
        return false;
    }

    /// <summary>Whether the peer has no more to say. What it said before that is in the ring when this has been seen.</summary>
    private bool HasGone(out uint state)
    {
        bool hasEnded = Link.HasEnded;
        state = OtherState;
        return hasEnded || state != SharedLayout.Open;
    }

    // What a writer leaves that has died is read; but a ring has an end.
    private bool HasGoneRound => Link.HasEnded && _ring.HasGoneRound();

    [MethodImpl(MethodImplOptions.NoInlining)]
    private void GiveBack()
    {
        _ring.GiveBack();
        WakeOther();
    }

    /// <returns>Unless it is <see cref="RingTake.Taken"/>, the gate has been left.</returns>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private RingTake TakeOrEnd(RingTake take, Span<byte> buffer, ref int length)
    {
        uint state = SharedLayout.Open;
        if (take == RingTake.Nothing && HasGone(out state))
        {
            take = _ring.TryTake(buffer, out length);
            if (take == RingTake.Nothing)
                take = state > SharedLayout.Aborted ? RingTake.Corrupt : RingTake.End;
        }

        // A peer that waits until everything was taken need not look again.
        if (take == RingTake.End && _ring.HasKept)
            GiveBack();

        if (take == RingTake.Taken)
            return take;
        _ring.Gate.Leave();
        return take switch
        {
            RingTake.TooLarge => throw End.TooLargeToReceive(length, buffer.Length),
            RingTake.Corrupt => throw Channel.BreakOff(Step.Receive),
            RingTake.End when state != SharedLayout.Closed => throw End.Gone(Step.Receive, state),
            _ => take,
        };
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private ReceivedMessage ReceiveOrWait(Span<byte> buffer, TimeSpan timeout)
        => TryReceive(buffer, out ReceivedMessage received) ? received : WaitAndReceive(buffer, Clock.FromNow(timeout));

    [MethodImpl(MethodImplOptions.NoInlining)]
    private ReceivedMessage WaitAndReceive(Span<byte> buffer, long due)
    {
        ReceivedMessage received;
        if (IsYieldDue())
        {
            long end = YieldsEnd(due);
            do
            {
                Thread.Yield();
                if (!TryReceive(buffer, out received))
                    continue;
                NoteYields(end);
                return received;
            }
            while (Stopwatch.GetTimestamp() < end);
            NoteYieldsInVain();
        }

        do
            Sleep(length: 0, due);
        while (!TryReceive(buffer, out received));
        return received;
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<ReceivedMessage> WaitAndReceiveAsync(Memory<byte> buffer, CancellationToken cancellationToken)
    {
        ReceivedMessage received;
        do
            await WaitAsync(length: 0, cancellationToken).ConfigureAwait(false);
        while (!TryReceive(buffer.Span, out received));
        return received;
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<ReceivedMessage> YieldAndReceiveAsync(Memory<byte> buffer, CancellationToken cancellationToken)
    {
        await YieldAsync().ConfigureAwait(false);
        return TryReceive(buffer.Span, out ReceivedMessage received)
            ? received
            : await WaitAndReceiveAsync(buffer, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>What has come as well. What is wrong with a later message is told by the next call.</summary>
    private void TakeMore(MessageBatch batch)
    {
        _ring.Gate.Enter(_isAlone);
        try
        {
            while (!End.IsOver && batch.Count < batch.Capacity && !HasGoneRound)
            {
                _ring.TakeLines(batch);
                if (batch.Count < batch.Capacity)
                {
                    if (_ring.TryTake(batch.Room(batch.Count).Span, out int length) != RingTake.Taken)
                        break;
                    batch.Add(length);
                }

                if (_ring.MustGiveBack)
                    GiveBack();
            }

            if (!End.IsOver && _ring.MustGiveBack)
                GiveBack();
        }
        finally
        {
            // A batch that another thread changes meanwhile may throw.
            _ring.Gate.Leave();
        }
    }

    private void ThrowIfNoneWillCome()
    {
        _ring.Gate.Enter(_isAlone);
        if (End.IsOver)
            ThrowOver();
        uint state = SharedLayout.Closed;
        bool noneWillCome = !_ring.HasRecord && HasGone(out state) && !_ring.HasRecord;
        _ring.Gate.Leave();
        if (noneWillCome && state != SharedLayout.Closed)
            throw End.Gone(Step.Receive, state);
    }

    /// <summary>Leaves the gate, and says why.</summary>
    private void ThrowOver()
    {
        _ring.Gate.Leave();
        throw End.Failure(Step.Receive);
    }
}
