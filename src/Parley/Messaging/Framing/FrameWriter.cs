using System.IO.Pipelines;
using System.Net;
using System.Runtime.CompilerServices;

namespace Parley;

/// <summary>
/// Puts messages into a stream, each as one frame. A message is sent as soon as it is in the stream's writer, where it is flushed at
/// once; while the system does not take all of that, nothing more is put there. So a wait always lies before a frame, and a cancellation
/// never tears one.
/// </summary>
internal sealed class FrameWriter
{
    // Frames that are sent together go in pieces of about so much: more saves no time, and takes memory.
    private const int LargestPiece = 64 * 1024;

    private readonly Connection _connection;
    private readonly PipeWriter _output;
    private readonly FrameFormat _format;
    private readonly Lock _gate = new();
    private readonly WaitList _room;
    private readonly Action _onFlushed;
    private ConfiguredValueTaskAwaitable<FlushResult>.ConfiguredValueTaskAwaiter _flush;
    private bool _isBusy;
    private bool _isComplete;
    private bool _isDisposed;
    private CancellationTokenSource? _completion;
    private TaskCompletionSource? _idle;
    private Exception? _failure;
    private bool _isFailureTold;
    private long _messages;
    private long _bytes;

    internal FrameWriter(Connection connection, FrameFormat format)
    {
        _connection = connection;
        _output = connection.Output;
        _format = format;
        _room = new WaitList(_gate);
        _onFlushed = OnFlushed;
    }

    internal long Messages => Volatile.Read(ref _messages);

    internal long Bytes => Volatile.Read(ref _bytes);

    internal bool TrySend(ReadOnlySpan<byte> message)
    {
        ThrowIfUnfit(message);
        lock (_gate)
        {
            ThrowIfOver();
            if (_isBusy)
                return false;
            PutAndFlush(message);
            return true;
        }
    }

    internal ValueTask SendAsync(ReadOnlyMemory<byte> message, CancellationToken cancellationToken)
    {
        if (cancellationToken.IsCancellationRequested)
            return ValueTask.FromCanceled(cancellationToken);
        try
        {
            ThrowIfUnfit(message.Span);
            return TryPutOrWait(message.Span, cancellationToken, out ValueTask room) ? ValueTask.CompletedTask : WaitAndSendAsync(room, message, cancellationToken);
        }
        catch (Exception failure)
        {
            return ValueTask.FromException(failure);
        }
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    internal async ValueTask SendAsync(ReadOnlyMemory<ReadOnlyMemory<byte>> messages, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        int next = 0;
        while (!TryPutOrWait(messages.Span, ref next, cancellationToken, out ValueTask room))
            await room.ConfigureAwait(false);
    }

    internal ValueTask WaitAsync(CancellationToken cancellationToken)
    {
        if (cancellationToken.IsCancellationRequested)
            return ValueTask.FromCanceled(cancellationToken);
        try
        {
            return TryFindRoomOrWait(cancellationToken, out ValueTask room) ? ValueTask.CompletedTask : WaitAsync(room, cancellationToken);
        }
        catch (Exception failure)
        {
            return ValueTask.FromException(failure);
        }
    }

    /// <summary>Says that no more is sent, once what was sent is taken.</summary>
    internal async ValueTask CompleteAsync(CancellationToken cancellationToken)
    {
        using var given = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        try
        {
            while (!TryBeginCompletion(given, out ValueTask room))
                await room.ConfigureAwait(false);
            try
            {
                await _connection.CompleteWritesAsync(given.Token).ConfigureAwait(false);
            }
            finally
            {
                EndCompletion();
            }
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw FrameFailure.Disposed(Step.Send, EndPoint);
        }
        catch (ConnectionException failure) when (failure.Step != Step.Send)
        {
            throw FrameFailure.At(Step.Send, failure);
        }
    }

    /// <summary>Ends every wait. What is not flushed stays in the stream's writer.</summary>
    /// <returns>A failure that nobody has heard of.</returns>
    internal async ValueTask<Exception?> EndAsync()
    {
        Waiter? waiting;
        Task idle = Task.CompletedTask;
        lock (_gate)
        {
            _isDisposed = true;
            waiting = _room.TakeAll();
            if (_isBusy)
            {
                _idle = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
                idle = _idle.Task;
                if (_completion is null)
                    _output.CancelPendingFlush();
                else
                    _ = _completion.CancelAsync();
            }
        }

        WaitList.WakeElsewhere(waiting);
        await idle.ConfigureAwait(false);
        return _isFailureTold || _failure is null ? null : FrameFailure.At(Step.Send, _failure);
    }

    private EndPoint? EndPoint => _connection.RemoteEndPoint ?? _connection.LocalEndPoint;

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    private async ValueTask WaitAndSendAsync(ValueTask room, ReadOnlyMemory<byte> message, CancellationToken cancellationToken)
    {
        do
        {
            await room.ConfigureAwait(false);
        }
        while (!TryPutOrWait(message.Span, cancellationToken, out room));
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    private async ValueTask WaitAsync(ValueTask room, CancellationToken cancellationToken)
    {
        do
        {
            await room.ConfigureAwait(false);
        }
        while (!TryFindRoomOrWait(cancellationToken, out room));
    }

    private bool TryPutOrWait(ReadOnlySpan<byte> message, CancellationToken cancellationToken, out ValueTask room)
    {
        lock (_gate)
        {
            if (!TryFindRoomOrWait(cancellationToken, out room))
                return false;
            PutAndFlush(message);
            return true;
        }
    }

    private bool TryPutOrWait(ReadOnlySpan<ReadOnlyMemory<byte>> messages, ref int next, CancellationToken cancellationToken, out ValueTask room)
    {
        room = default;
        lock (_gate)
        {
            while (next < messages.Length)
            {
                if (!TryFindRoomOrWait(cancellationToken, out room))
                    return false;
                PutPiece(messages, ref next);
            }
        }

        return true;
    }

    private void PutPiece(ReadOnlySpan<ReadOnlyMemory<byte>> messages, ref int next)
    {
        ConnectionException? unfit = null;
        int size = 0;
        try
        {
            while (next < messages.Length && size < LargestPiece)
            {
                ReadOnlySpan<byte> message = messages[next].Span;
                unfit = WhyUnfit(message);
                if (unfit is not null)
                    break;
                Put(message);
                next++;
                size += message.Length + _format.Overhead;
            }

            if (size > 0)
                Flush();
        }
        catch (ConnectionException failure)
        {
            throw Told(failure);
        }

        if (unfit is not null)
            throw unfit;
    }

    private bool TryFindRoomOrWait(CancellationToken cancellationToken, out ValueTask room)
    {
        lock (_gate)
        {
            ThrowIfOver();
            room = _isBusy ? _room.Add(cancellationToken) : default;
            return !_isBusy;
        }
    }

    private bool TryBeginCompletion(CancellationTokenSource given, out ValueTask room)
    {
        lock (_gate)
        {
            if (_isDisposed)
                throw FrameFailure.Disposed(Step.Send, EndPoint);
            ThrowIfFailed();
            _isComplete = true;
            if (_isBusy)
            {
                room = _room.Add(given.Token);
                return false;
            }

            room = default;
            _isBusy = true;
            _completion = given;
            return true;
        }
    }

    private void EndCompletion()
    {
        Waiter? waiting;
        lock (_gate)
        {
            _completion = null;
            waiting = BeFree();
        }

        WaitList.Wake(waiting);
    }

    private void PutAndFlush(ReadOnlySpan<byte> message)
    {
        try
        {
            Put(message);
            Flush();
        }
        catch (ConnectionException failure)
        {
            throw Told(failure);
        }
    }

    private void Put(ReadOnlySpan<byte> message)
    {
        int size = message.Length + _format.Overhead;
        _format.Write(message, _output.GetSpan(size));
        _output.Advance(size);
        Volatile.Write(ref _messages, _messages + 1);
        Volatile.Write(ref _bytes, _bytes + message.Length);
    }

    /// <summary>Flushes; where the system does not take everything now, the writer is busy until it has.</summary>
    private void Flush()
    {
        FlushResult result;
        do
        {
            ValueTask<FlushResult> flush = _output.FlushAsync();
            if (!flush.IsCompleted)
            {
                _flush = flush.ConfigureAwait(false).GetAwaiter();
                _isBusy = true;
                _flush.UnsafeOnCompleted(_onFlushed);
                return;
            }

            result = flush.GetAwaiter().GetResult();
            ThrowIfPeerStopped(result);
        }
        while (MustGoOn(result));
    }

    // A frame that has begun goes on, whoever has interrupted it, but for the end: that sends what is left.
    private bool MustGoOn(in FlushResult result) => result.IsCanceled && !_isDisposed;

    private void OnFlushed()
    {
        Waiter? waiting = null;
        lock (_gate)
        {
            try
            {
                FlushResult result = _flush.GetResult();
                _flush = default;
                ThrowIfPeerStopped(result);
                _isBusy = false;
                if (MustGoOn(result))
                    Flush();
            }
            catch (Exception failure)
            {
                // Thrown by the next call: the one that sent this is over.
                _failure ??= failure;
            }

            if (!_isBusy || _failure is not null)
                waiting = BeFree();
        }

        WaitList.Wake(waiting);
    }

    private Waiter? BeFree()
    {
        _isBusy = false;
        _idle?.TrySetResult();
        return _room.TakeAll();
    }

    private void ThrowIfPeerStopped(in FlushResult result)
    {
        if (result.IsCompleted)
            throw new ConnectionException(Step.Write, Reason.Reset, EndPoint, "the peer reads no more");
    }

    private Exception Told(Exception failure)
    {
        _failure ??= failure;
        _isFailureTold = true;
        return FrameFailure.At(Step.Send, failure);
    }

    private void ThrowIfOver()
    {
        if (_isDisposed)
            throw FrameFailure.Disposed(Step.Send, EndPoint);
        if (_isComplete)
            throw new ConnectionException(Step.Send, Reason.Aborted, EndPoint, "it was said that no more is sent");
        ThrowIfFailed();
    }

    private void ThrowIfFailed()
    {
        if (_failure is not null)
            throw Told(_failure);
    }

    private void ThrowIfUnfit(ReadOnlySpan<byte> message)
    {
        if (WhyUnfit(message) is { } failure)
            throw failure;
    }

    private ConnectionException? WhyUnfit(ReadOnlySpan<byte> message)
    {
        if (message.Length > _format.MaxMessageSize)
            return new ConnectionException(Step.Send, Reason.TooLarge, EndPoint, $"the message has {message.Length} bytes, the channel takes at most {_format.MaxMessageSize}");
        return _format.CanCarry(message)
            ? null
            : new ConnectionException(Step.Send, Reason.Corrupt, EndPoint, $"the message contains a {_format.DelimiterName}, which ends each message of this framing");
    }
}
