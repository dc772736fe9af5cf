using System.Buffers;
using System.IO.Pipelines;
using System.Net;
using System.Runtime.CompilerServices;

namespace Parley;

/// <summary>
/// Takes messages out of a stream: finds each frame where the stream's reader has put it, and copies it once, to where the caller wants
/// it. One read waits for all who wait; a wait that is given up leaves it, and so takes nothing along.
/// </summary>
internal sealed class FrameReader
{
    private readonly Connection _connection;
    private readonly PipeReader _input;
    private readonly FrameFormat _format;
    private readonly Lock _gate = new();
    private readonly WaitList _waiting;
    private readonly Action _onRead;
    private ConfiguredValueTaskAwaitable<ReadResult>.ConfiguredValueTaskAwaiter _read;
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
        _waiting = new WaitList(_gate);
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
            return TryTakeOrWait(buffer.Span, cancellationToken, out ReceivedMessage received, out ValueTask wait)
                ? new(received)
                : WaitAndReceiveAsync(wait, buffer, cancellationToken);
        }
        catch (Exception failure)
        {
            return ValueTask.FromException<ReceivedMessage>(failure);
        }
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    internal async ValueTask<int> ReceiveAsync(MessageBatch batch, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        batch.Clear();
        while (!TryTakeAllOrWait(batch, cancellationToken, out ValueTask wait))
            await OrStopReadingAsync(wait).ConfigureAwait(false);
        return batch.Count;
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    internal async ValueTask WaitAsync(CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        while (!TryPeekOrWait(cancellationToken, out ValueTask wait))
            await OrStopReadingAsync(wait).ConfigureAwait(false);
    }

    /// <summary>Ends every wait. What was not taken stays in the stream's reader.</summary>
    /// <param name="stopsReading">Whether somebody else is to read the stream: then the read that waits ends first.</param>
    internal async ValueTask EndAsync(bool stopsReading)
    {
        Waiter? waiting;
        Task idle = Task.CompletedTask;
        lock (_gate)
        {
            _isDisposed = true;
            waiting = _waiting.TakeAll();
            if (_isReading && stopsReading)
            {
                _idle = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
                idle = _idle.Task;
                _input.CancelPendingRead();
            }
        }

        WaitList.WakeElsewhere(waiting);
        await idle.ConfigureAwait(false);
    }

    private EndPoint? EndPoint => _connection.RemoteEndPoint ?? _connection.LocalEndPoint;

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<ReceivedMessage> WaitAndReceiveAsync(ValueTask wait, Memory<byte> buffer, CancellationToken cancellationToken)
    {
        ReceivedMessage received;
        do
        {
            await OrStopReadingAsync(wait).ConfigureAwait(false);
        }
        while (!TryTakeOrWait(buffer.Span, cancellationToken, out received, out wait));
        return received;
    }

    /// <summary>The last who gives up waiting stops the read, so that those who only look find the stream's reader free.</summary>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    private async ValueTask OrStopReadingAsync(ValueTask wait)
    {
        try
        {
            await wait.ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            lock (_gate)
            {
                if (_isReading && _waiting.IsEmpty && !_isDisposed)
                    _input.CancelPendingRead();
            }

            throw;
        }
    }

    private bool TryTakeOrWait(Span<byte> buffer, CancellationToken cancellationToken, out ReceivedMessage received, out ValueTask wait)
    {
        lock (_gate)
        {
            bool isTaken = TryTake(buffer, mayWait: true, out received);
            wait = isTaken ? default : _waiting.Add(cancellationToken);
            return isTaken;
        }
    }

    private bool TryPeekOrWait(CancellationToken cancellationToken, out ValueTask wait)
    {
        wait = default;
        lock (_gate)
        {
            if (TryFind(mayWait: true, out ReadOnlySequence<byte> bytes, out Frame frame))
            {
                if (frame.Status == FrameStatus.Whole)
                    PutBack(bytes);
                return true;
            }

            wait = _waiting.Add(cancellationToken);
            return false;
        }
    }

    private bool TryTake(Span<byte> buffer, bool mayWait, out ReceivedMessage received)
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

    private bool TryTakeAllOrWait(MessageBatch batch, CancellationToken cancellationToken, out ValueTask wait)
    {
        wait = default;
        lock (_gate)
        {
            if (!TryFind(mayWait: true, out ReadOnlySequence<byte> bytes, out Frame frame))
            {
                wait = _waiting.Add(cancellationToken);
                return false;
            }

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

            // What is wrong with the next one is told by the next call.
            if (taken == 0)
            {
                PutBack(bytes);
                throw DoesNotFit(frame, batch.Room(0).Length);
            }

            PutBack(rest);
            return true;
        }
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

            _read = read.ConfigureAwait(false).GetAwaiter();
        }
        catch (ConnectionException failure)
        {
            throw Remembered(failure);
        }

        _isReading = true;
        _read.UnsafeOnCompleted(_onRead);
        return false;
    }

    private void OnRead()
    {
        Waiter? woken;
        lock (_gate)
        {
            _isReading = false;
            try
            {
                ReadOnlySequence<byte> bytes = _read.GetResult().Buffer;
                _read = default;
                _input.AdvanceTo(bytes.Start, bytes.Start);
                if (!_isDisposed && !_waiting.IsEmpty && TryFind(mayWait: true, out bytes, out Frame frame) && frame.Status == FrameStatus.Whole)
                    PutBack(bytes);
            }
            catch (Exception failure)
            {
                // Thrown by those who are woken now.
                _failure ??= failure;
            }

            if (_isReading)
                return;
            _idle?.TrySetResult();
            woken = _waiting.TakeAll();
        }

        WaitList.Wake(woken);
    }

    // Not examined, so that the next read finds it at once.
    private void PutBack(in ReadOnlySequence<byte> bytes) => _input.AdvanceTo(bytes.Start, bytes.Start);

    private void Advance(in ReadOnlySequence<byte> bytes, int count)
    {
        _input.AdvanceTo(bytes.GetPosition(count));
        _searched = 0;
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
        => new(Step.Receive, Reason.TooLarge, EndPoint, $"a message of {frame.Length} bytes does not fit into a buffer of {room}");

    private ConnectionException TooLarge(in Frame frame)
    {
        string length = frame.Length > 0 ? $"of {frame.Length} bytes" : "without an end";
        return new(Step.Receive, Reason.TooLarge, EndPoint, $"a message {length}; the channel takes at most {_format.MaxMessageSize}, and what follows is not read");
    }

    private ConnectionException Torn(long came)
        => new(Step.Receive, Reason.Corrupt, EndPoint, $"the peer ended within a message, after {came} bytes of its frame");
}
