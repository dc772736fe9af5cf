using System.Buffers;
using System.IO.Pipelines;
using System.Net;
using System.Runtime.CompilerServices;

namespace Parley;

/// <summary>
/// Takes messages out of a stream: finds each frame where the stream's reader has put it, and copies it once, to where the caller wants
/// it. One read waits for all who wait, and serves them in their order; a wait that is given up takes nothing along.
/// </summary>
internal sealed partial class FrameReader
{
    private readonly Connection _connection;
    private readonly PipeReader _input;
    private readonly FrameFormat _format;
    private readonly Lock _gate = new();
    private readonly Action _onRead;
    private ConfiguredValueTaskAwaitable<ReadResult>.ConfiguredValueTaskAwaiter _read;
    private ReceiverQueue _waiting;
    private Receiver? _spare;
    private int _searched;
    private bool _isReading;
    private bool _isEnded;
    private bool _isDisposed;
    private TaskCompletionSource? _idle;
    private Exception? _failure;
    private long _messages;
    private long _bytes;

    internal FrameReader(Connection connection, FrameFormat format)
    {
        _connection = connection;
        _input = connection.Input;
        _format = format;
        _onRead = OnRead;
    }

    internal long Messages => Volatile.Read(ref _messages);

    internal long Bytes => Volatile.Read(ref _bytes);

    internal bool TryReceive(Span<byte> buffer, out ReceivedMessage received)
    {
        lock (_gate)
            return TryTake(buffer, mayWait: false, out received);
    }

    internal ValueTask<ReceivedMessage> ReceiveAsync(Memory<byte> buffer, CancellationToken cancellationToken)
    {
        if (cancellationToken.IsCancellationRequested)
            return ValueTask.FromCanceled<ReceivedMessage>(cancellationToken);
        try
        {
            lock (_gate)
            {
                return TryTake(buffer.Span, mayWait: true, out ReceivedMessage received)
                    ? new(received)
                    : Enqueue().ForMessage(buffer, cancellationToken);
            }
        }
        catch (Exception failure)
        {
            return ValueTask.FromException<ReceivedMessage>(failure);
        }
    }

    internal ValueTask<int> ReceiveAsync(MessageBatch batch, CancellationToken cancellationToken)
    {
        if (cancellationToken.IsCancellationRequested)
            return ValueTask.FromCanceled<int>(cancellationToken);
        batch.Clear();
        try
        {
            lock (_gate)
                return TryTakeAll(batch) ? new(batch.Count) : Enqueue().ForBatch(batch, cancellationToken);
        }
        catch (Exception failure)
        {
            return ValueTask.FromException<int>(failure);
        }
    }

    internal ValueTask WaitAsync(CancellationToken cancellationToken)
    {
        if (cancellationToken.IsCancellationRequested)
            return ValueTask.FromCanceled(cancellationToken);
        try
        {
            lock (_gate)
                return TryPeek() ? ValueTask.CompletedTask : Enqueue().ForLook(cancellationToken);
        }
        catch (Exception failure)
        {
            return ValueTask.FromException(failure);
        }
    }

    /// <summary>Ends every wait. What was not taken stays in the stream's reader.</summary>
    /// <param name="stopsReading">Whether somebody else is to read the stream: then the read that waits ends first.</param>
    internal async ValueTask EndAsync(bool stopsReading)
    {
        ReceiverQueue waiting;
        Task idle = Task.CompletedTask;
        lock (_gate)
        {
            _isDisposed = true;
            Change();
            waiting = _waiting;
            _waiting = default;
            for (Receiver? receiver = waiting.First; receiver is not null; receiver = receiver.Next)
                receiver.Fail(FrameFailure.Disposed(Step.Receive, EndPoint));
            if (_isReading && stopsReading)
            {
                _idle = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
                idle = _idle.Task;
                if (!_readsBlocked)
                    _input.CancelPendingRead();
            }
        }

        _connection.InterruptBlocked();
        waiting.Complete(mayGoOnHere: false);
        await idle.ConfigureAwait(false);
    }

    private EndPoint? EndPoint => _connection.RemoteEndPoint ?? _connection.LocalEndPoint;

    /// <summary>Whether a message or the end is there; begins to wait where neither is. Within the gate.</summary>
    internal bool TryPeek()
    {
        if (!TryFind(mayWait: true, out ReadOnlySequence<byte> bytes, out Frame frame))
            return false;
        if (frame.Status == FrameStatus.Whole)
            PutBack(bytes);
        return true;
    }

    /// <summary>Takes a message or the end. Within the gate.</summary>
    internal bool TryTake(Span<byte> buffer, bool mayWait, out ReceivedMessage received)
    {
        received = default;
        if (!TryFind(mayWait, out ReadOnlySequence<byte> bytes, out Frame frame))
            return false;
        if (frame.Status != FrameStatus.Whole)
        {
            received = ReceivedMessage.End;
            return true;
        }

        if (frame.Length > buffer.Length)
        {
            PutBack(bytes);
            throw DoesNotFit(frame, buffer.Length);
        }

        received = Copy(bytes, frame, buffer);
        Advance(bytes, frame.End);
        return true;
    }

    /// <summary>Takes all messages that have come, or the end; begins to wait where neither is. Within the gate.</summary>
    internal bool TryTakeAll(MessageBatch batch)
    {
        if (!TryFind(mayWait: true, out ReadOnlySequence<byte> bytes, out Frame frame))
            return false;
        if (frame.Status != FrameStatus.Whole)
            return true;
        int taken = 0;
        ReadOnlySequence<byte> rest = bytes;
        while (frame.Status == FrameStatus.Whole && frame.Length <= batch.Room(batch.Count).Length)
        {
            batch.Add(Copy(rest, frame, batch.Room(batch.Count).Span));
            taken += frame.End;
            rest = bytes.Slice(taken);
            _searched = 0;
            if (batch.Count == batch.Capacity)
                break;
            frame = _format.Find(rest, ref _searched);
        }

        // Nothing was taken only where the first does not fit; what is wrong with a later one is told by the next call.
        PutBack(rest);
        return taken > 0 ? true : throw DoesNotFit(frame, batch.Room(0).Length);
    }

    internal void Keep(Receiver receiver) => Volatile.Write(ref _spare, receiver);

    /// <summary>Takes a wait that is given up out of the queue.</summary>
    /// <returns><see langword="false"/> where it is over.</returns>
    internal bool TryAbandon(Receiver receiver)
    {
        lock (_gate)
        {
            if (!_waiting.TryRemove(receiver))
                return false;

            // Those who only look shall find the stream's reader free.
            if (_isReading && !_readsBlocked && _waiting.IsEmpty && !_isDisposed)
                _input.CancelPendingRead();
            return true;
        }
    }

    private Receiver Enqueue()
    {
        Receiver receiver = Interlocked.Exchange(ref _spare, null) ?? new Receiver(this);
        _waiting.Add(receiver);
        return receiver;
    }

    private ReceivedMessage Copy(in ReadOnlySequence<byte> bytes, in Frame frame, Span<byte> target)
    {
        int length = (int)frame.Length;
        if (bytes.FirstSpan.Length >= frame.End)
            bytes.FirstSpan.Slice(frame.Start, length).CopyTo(target);
        else
            bytes.Slice(frame.Start, length).CopyTo(target);
        Volatile.Write(ref _messages, _messages + 1);
        Volatile.Write(ref _bytes, _bytes + length);
        return new ReceivedMessage(length, default);
    }

    /// <summary>Looks for a frame, and reads until there is one.</summary>
    /// <param name="mayWait">Whether to begin a read that waits, where there is nothing; <see cref="OnRead"/> wakes those who wait for it.</param>
    /// <param name="bytes">What was read, where a frame was found: it is to be advanced over, or put back.</param>
    /// <param name="frame">The frame; incomplete at the end of the stream.</param>
    /// <returns><see langword="false"/> where neither a frame nor the end is there.</returns>
    private bool TryFind(bool mayWait, out ReadOnlySequence<byte> bytes, out Frame frame)
    {
        bytes = default;
        frame = default;
        ThrowIfOver();
        while (!_isEnded)
        {
            if (!TryRead(mayWait, out ReadResult result))
                return false;
            Change();
            bytes = result.Buffer;
            frame = _format.Find(bytes, ref _searched);
            if (frame.Status == FrameStatus.Whole)
                return true;
            if (frame.Status == FrameStatus.TooLarge)
            {
                PutBack(bytes);
                throw Remembered(TooLarge(frame));
            }

            long came = bytes.Length;
            _input.AdvanceTo(bytes.Start, bytes.End);
            Leave(0);
            if (!result.IsCompleted)
                continue;
            if (came > 0)
                throw Remembered(Torn(came));
            _isEnded = true;
        }

        return true;
    }

    private bool TryRead(bool mayWait, out ReadResult result)
    {
        result = default;
        if (_isReading)
            return false;
        try
        {
            if (!mayWait)
                return _input.TryRead(out result);
            ValueTask<ReadResult> read = _input.ReadAsync();
            if (read.IsCompleted)
            {
                result = read.GetAwaiter().GetResult();
                return true;
            }

            ValueTask<ReadResult> later = AwaitAsync(read);
            _read = later.ConfigureAwait(false).GetAwaiter();
        }
        catch (ConnectionException failure)
        {
            throw Remembered(failure);
        }

        _isReading = true;
        Change();
        WakeBlocked();
        _read.UnsafeOnCompleted(_onRead);
        return false;
    }

    // The thread pool takes an async method as it is, and allocates for every other callback. The method's box is used again.
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private static async ValueTask<ReadResult> AwaitAsync(ValueTask<ReadResult> read) => await read.ConfigureAwait(false);

    private void OnRead()
    {
        ReceiverQueue served;
        lock (_gate)
        {
            _isReading = false;
            try
            {
                PutBack(_read.GetResult().Buffer);
            }
            catch (Exception failure)
            {
                // Thrown by those who are served now.
                _failure ??= failure;
            }

            served = EndRead();
        }

        served.Complete(mayGoOnHere: true);
    }

    /// <summary>Finishes those who wait, as far as what was read goes, and begins to read for the others. Within the gate.</summary>
    private ReceiverQueue EndRead()
    {
        ReceiverQueue served = default;
        while (_waiting.First is { } receiver && receiver.TryFinish())
        {
            _waiting.TryRemove(receiver);
            served.Add(receiver);
        }

        if (!_isReading)
            _idle?.TrySetResult();
        Change();
        WakeBlocked();
        return served;
    }

    // Not examined, so that the next read finds it at once.
    private void PutBack(in ReadOnlySequence<byte> bytes)
    {
        _input.AdvanceTo(bytes.Start, bytes.Start);
        Leave(bytes.Length);
    }

    private void Advance(in ReadOnlySequence<byte> bytes, int count)
    {
        _input.AdvanceTo(bytes.GetPosition(count));
        _searched = 0;
        Leave(bytes.Length - count);
    }

    private void ThrowIfOver()
    {
        if (_isDisposed)
            throw FrameFailure.Disposed(Step.Receive, EndPoint);
        if (_failure is not null)
            throw FrameFailure.At(Step.Receive, _failure);
    }

    private Exception Remembered(ConnectionException failure)
    {
        _failure ??= failure;
        return FrameFailure.At(Step.Receive, failure);
    }

    private ConnectionException DoesNotFit(in Frame frame, int room)
        => new(Step.Receive, Reason.TooLarge, EndPoint, $"a message of {frame.Length} bytes does not fit into a buffer of {room}") { MessageLength = frame.Length };

    private ConnectionException TooLarge(in Frame frame)
    {
        string what = frame.Length > 0
            ? $"says that it has {frame.Length} bytes, over the limit of {_format.MaxMessageSize}"
            : $"has no {_format.DelimiterName} within the limit of {_format.MaxMessageSize} bytes";
        return new(Step.Receive, Reason.TooLarge, EndPoint, $"the next frame in the stream {what}: neither it nor what follows is read")
        {
            MessageLength = frame.Length,
            IsOverLimit = true,
        };
    }

    private ConnectionException Torn(long came)
        => new(Step.Receive, Reason.Corrupt, EndPoint, $"the peer ended within a message, after {came} bytes of its frame");
}
