using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Parley.Transports.Descriptors;

namespace Parley.Transports.SharedMemory;

/// <summary>The writer's side of a channel's outgoing ring.</summary>
internal sealed class MessageSender : RingSide
{
    // So many bytes of a batch are published before the reader is woken: it has enough to do meanwhile.
    private const int LargestPiece = 64 * 1024;

    // How many lengths there are that TrySendLine sends: the smallest ring takes all of them.
    private const nuint LineLengths = SharedLayout.LongestInALine + 1 - RingCopy.ShortestInParts;

    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(1);
    private static readonly TimeSpan LongestPause = TimeSpan.FromMilliseconds(50);

    private readonly MessageRingWriter _ring;
    private readonly bool _isAlone;

    private volatile bool _isComplete;

    internal unsafe MessageSender(SharedMemoryChannel channel, SharedMemoryLink link, ChannelEnd end, MessageReceiver answers, MessageChannelOptions options)
        : base(channel, link, end, options, link.WriterWake, new RingControl(link.Outgoing.Control, isReader: false), options.WriteTimeout)
    {
        _ring = new MessageRingWriter(link.Outgoing, answers.Ring, alwaysContinues: link.NeedsPublisherFence);
        _isAlone = options.SingleWriter;
        MaxMessageSize = SharedLayout.LongestMessage(link.Outgoing.Capacity);
    }

    /// <summary>The longest message of either ring, for both are of one size: what one side may send, the other has a buffer for.</summary>
    internal int MaxMessageSize { get; }

    internal long Messages => _ring.Messages;

    internal long Bytes => _ring.Bytes;

    private protected override Step Step => Step.Send;

    internal override long PeerProgress => _ring.PeerProgress;

    /// <summary>Sends a message if there is room.</summary>
    /// <param name="message">Its bytes.</param>
    /// <param name="mayLook">Whether to look for room for a moment.</param>
    internal bool TrySend(ReadOnlySpan<byte> message, bool mayLook)
    {
        if (message.Length > MaxMessageSize)
            throw End.TooLargeToSend(message.Length, MaxMessageSize);
        _ring.Gate.Enter(_isAlone);
        if (End.IsOver || _isComplete || Link.HasEnded)
            ThrowOver();
        if (!_ring.TryPut(message) && !LookAndPut(message, mayLook))
            return false;
        Continue();
        return true;
    }

    /// <summary>
    /// Sends a small message if there is nothing else to do: no call that anything would have to be saved for. Where it cannot, nothing has happened, and
    /// <see cref="TrySend(ReadOnlySpan{byte}, bool)"/> says why.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal bool TrySendLine(ReadOnlySpan<byte> message)
    {
        MessageRingWriter ring = _ring;
        nuint length = (uint)message.Length;
        if (length - RingCopy.ShortestInParts >= LineLengths || !ring.Gate.TryEnter(_isAlone))
            return false;
        if (Link.IsEnding || !ring.TryPutLine(ref MemoryMarshal.GetReference(message), length))
        {
            ring.Gate.Leave();
            return false;
        }

        // Where a fence is needed, there always is something left.
        if (ring.Continues || OtherSleeps)
            Continue();
        else
            ring.Gate.Leave();
        return true;
    }

    /// <summary>What is left once a message is in the ring: afterwards the gate is left.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private void Continue()
    {
        _ring.Continue();
        WakeOther();
        _ring.Gate.Leave();
    }

    /// <summary>What is left of sending a message from a thread that may be blocked.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    internal void Send(ReadOnlySpan<byte> message, TimeSpan timeout)
    {
        if (!TrySend(message, mayLook: true))
            WaitAndSend(message, Clock.FromNow(timeout));
    }

    internal ValueTask SendAsync(ReadOnlyMemory<byte> message, CancellationToken cancellationToken)
    {
        if (cancellationToken.IsCancellationRequested)
            return ValueTask.FromCanceled(cancellationToken);
        try
        {
            if (MustYield)
                return YieldAndSendAsync(message, cancellationToken);
            ReadOnlySpan<byte> span = message.Span;
            return TrySendLine(span) || TrySend(span, mayLook: false) ? ValueTask.CompletedTask : WaitAndSendAsync(message, cancellationToken);
        }
        catch (ConnectionException failure)
        {
            return ValueTask.FromException(failure);
        }
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    internal async ValueTask SendBatchAsync(ReadOnlyMemory<ReadOnlyMemory<byte>> messages, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        for (int next = 0; next < messages.Length;)
        {
            if (MustYield)
                await YieldAsync().ConfigureAwait(false);
            int sent = TrySend(messages.Span[next..]);
            next += sent;
            if (sent == 0)
                await WaitAsync(messages.Span[next].Length, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>Sends what a batch holds from a thread that may be blocked.</summary>
    internal void SendBatch(MessageBatch batch, TimeSpan timeout)
    {
        long due = Clock.FromNow(timeout);
        for (int next = 0; next < batch.Count;)
        {
            int sent = TrySendLines(batch, next);
            next += sent;
            if (sent != 0)
                continue;
            ReadOnlySpan<byte> message = batch.GetBody(next);
            if (!TrySend(message, mayLook: true))
                WaitAndSend(message, due);
            next++;
        }
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    internal async ValueTask WaitForRoomAsync(CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        if (MustYield)
            await YieldAsync().ConfigureAwait(false);
        if (!IsReady(length: 0))
            await WaitAsync(length: 0, cancellationToken).ConfigureAwait(false);
        _ring.Gate.Enter(_isAlone);
        if (End.IsOver || _isComplete || HasGone())
            ThrowOver();
        _ring.Gate.Leave();
    }

    /// <summary>Closed: the peer receives the end after what was sent.</summary>
    internal void Complete()
    {
        _ring.Gate.Enter(_isAlone);
        try
        {
            if (End.IsOver)
                throw End.Failure(Step.Send);
            if (Link.HasEnded && OtherState == SharedLayout.Open)
                throw End.Gone(Step.Send, SharedLayout.Open);
            if (_isComplete)
                return;
            _isComplete = true;
            _ring.EndLines();
            SetState(SharedLayout.Closed);
            WakeOwn();
        }
        finally
        {
            _ring.Gate.Leave();
        }

        InterruptLoopWait();
    }

    /// <summary>Waits until nobody is in the ring. <see cref="ChannelEnd.IsOver"/> is set, and every thread has passed a fence since.</summary>
    internal void AwaitLeaving() => _ring.Gate.AwaitLeaving();

    /// <summary>With nobody else in the ring: says that nothing more comes.</summary>
    internal void EndSending()
    {
        if (!_isComplete)
            SetState(SharedLayout.Closed);
    }

    /// <summary>
    /// With nobody else in the ring: waits until the peer has taken everything, or says that it takes no more, or the time is over. A peer ends what it sends before
    /// it says that.
    /// </summary>
    internal async ValueTask AwaitTakenAsync(long due)
    {
        // What the peer takes wakes nobody: look again.
        TimeSpan pause = FirstPause;
        while (!IsTakenOrGone() && !Clock.IsOver(due))
        {
            await WaitAloneAsync(IsTakenOrGone, Math.Min(due, Clock.FromNow(pause))).ConfigureAwait(false);
            pause = pause * 2 < LongestPause ? pause * 2 : LongestPause;
        }
    }

    private bool IsTakenOrGone() => HasGone() || _ring.NotTaken == 0 || _ring.IsCorrupt;

    /// <summary>With nobody else in the ring: what the peer, which is gone or has had its time, has not taken.</summary>
    /// <param name="waited">For how long, where the peer may still be there.</param>
    internal ConnectionException? Undelivered(TimeSpan? waited)
    {
        // Whether it has ended is looked at before the state, and the state before the ring: what came first is not missed.
        bool hasEnded = Link.HasEnded;
        uint state = OtherState;
        if (_ring.NotTaken is not (var bytes and not 0))
            return null;
        if (_ring.IsCorrupt)
            return End.NotKnown(bytes);
        if (hasEnded || state != SharedLayout.Open)
            return End.Undelivered(state, bytes);
        return waited is { } time ? End.NotTaken(time, bytes) : null;
    }

    private protected override bool IsReady(int length)
    {
        _ring.Gate.Enter(_isAlone);
        bool isReady = End.IsOver || _isComplete || HasGone() || HasCome(length);
        _ring.Gate.Leave();
        return isReady;
    }

    private bool HasCome(int length) => _ring.HasRoom(length) || _ring.IsCorrupt;

    private bool LookBriefly(int length)
    {
        bool hasCome = false;
        for (int left = Looks; left > 0 && !hasCome; left--)
        {
            ProcessorPause.Pause();
            hasCome = HasCome(length);
        }

        NoteLook(hasCome);
        return hasCome;
    }

    private protected override void PrepareToSleep()
    {
        // Everything is published as it is sent.
    }

    private bool HasGone() => OtherState != SharedLayout.Open || Link.HasEnded;

    /// <returns><see langword="false"/> where there is no room: then the gate has been left.</returns>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private bool LookAndPut(ReadOnlySpan<byte> message, bool mayLook)
    {
        if (HasGone())
            ThrowOver();
        if (mayLook && !_ring.IsCorrupt && IsLookDue() && LookBriefly(message.Length) && _ring.TryPut(message))
            return true;
        if (_ring.IsCorrupt)
            ThrowCorrupt();
        _ring.Gate.Leave();
        return false;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private void WaitAndSend(ReadOnlySpan<byte> message, long due)
    {
        if (IsYieldDue())
        {
            long end = YieldsEnd(due);
            do
            {
                Thread.Yield();
                if (!TrySend(message, mayLook: false))
                    continue;
                NoteYields(end);
                return;
            }
            while (Stopwatch.GetTimestamp() < end);
            NoteYieldsInVain();
        }

        do
            Sleep(message.Length, due);
        while (!TrySend(message, mayLook: false));
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    private async ValueTask WaitAndSendAsync(ReadOnlyMemory<byte> message, CancellationToken cancellationToken)
    {
        do
            await WaitAsync(message.Length, cancellationToken).ConfigureAwait(false);
        while (!TrySend(message.Span, mayLook: false));
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    private async ValueTask YieldAndSendAsync(ReadOnlyMemory<byte> message, CancellationToken cancellationToken)
    {
        await YieldAsync().ConfigureAwait(false);
        if (!TrySend(message.Span, mayLook: false))
            await WaitAndSendAsync(message, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Sends as many as <see cref="MessageRingWriter.PutLines"/> takes, for a piece of a batch; not one that it does not.</summary>
    /// <returns>How many went.</returns>
    private unsafe int TrySendLines(MessageBatch batch, int start)
    {
        // Outside of the gate, in which nothing may be thrown.
        ReadOnlySpan<int> lengths = batch.LengthsFrom(start);
        lengths = lengths[..Math.Min(lengths.Length, LargestPiece / SharedLayout.RecordAlignment)];
        byte* from = batch.Pointer(start);
        nint room = batch.MessageSize;
        _ring.Gate.Enter(_isAlone);
        if (End.IsOver || _isComplete || HasGone())
            ThrowOver();
        int sent = 0;
        for (int lines = 1; lines != 0 && sent < lengths.Length; sent += lines)
            lines = _ring.PutLines(lengths[sent..], from + (sent * room), room);
        if (sent != 0)
        {
            _ring.Continue();
            WakeOther();
        }

        _ring.Gate.Leave();
        return sent;
    }

    /// <returns>How many went.</returns>
    private int TrySend(ReadOnlySpan<ReadOnlyMemory<byte>> messages)
    {
        int sent = 0;
        ConnectionException? unfit = null;
        _ring.Gate.Enter(_isAlone);
        if (End.IsOver || _isComplete || HasGone())
            ThrowOver();
        for (int size = 0; sent < messages.Length && size < LargestPiece; sent++)
        {
            ReadOnlySpan<byte> message;
            try
            {
                message = messages[sent].Span;
            }
            catch
            {
                // Memory of the caller's own making, which cannot be had any more.
                WakeOther();
                _ring.Gate.Leave();
                throw;
            }

            if (message.Length > MaxMessageSize)
                unfit = End.TooLargeToSend(message.Length, MaxMessageSize);
            if (unfit is not null || !_ring.TryPut(message))
                break;
            size += message.Length;
        }

        if (sent > 0)
        {
            _ring.Continue();
            WakeOther();
        }

        if (_ring.IsCorrupt)
            ThrowCorrupt();
        _ring.Gate.Leave();
        return unfit is null ? sent : throw unfit;
    }

    /// <summary>Leaves the gate, and says why.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private void ThrowOver()
    {
        bool isOver = End.IsOver;
        uint state = isOver ? SharedLayout.Open : OtherState;
        _ring.Gate.Leave();
        if (isOver)
            throw End.Failure(Step.Send);
        if (_isComplete)
            throw End.Completed();
        throw state > SharedLayout.Aborted ? Channel.BreakOff(Step.Send) : End.Gone(Step.Send, state);
    }

    private void ThrowCorrupt()
    {
        _ring.Gate.Leave();
        throw Channel.BreakOff(Step.Send);
    }
}
