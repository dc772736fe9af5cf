using System.Threading.Tasks.Sources;

namespace Parley;

/// <summary>One call that waits for a message. Used again and again, so that a call that waits alone allocates nothing.</summary>
internal sealed class Receiver(FrameReader reader) : IValueTaskSource<ReceivedMessage>, IValueTaskSource<int>, IValueTaskSource
{
    private ManualResetValueTaskSourceCore<ReceivedMessage> _core;
    private CancellationTokenRegistration _cancellation;
    private CancellationToken _cancellationToken;
    private Memory<byte> _buffer;
    private MessageBatch? _batch;
    private bool _takes;
    private ReceivedMessage _received;
    private Exception? _failure;

    internal Receiver? Next { get; set; }

    internal ValueTask<ReceivedMessage> ForMessage(Memory<byte> buffer, CancellationToken cancellationToken)
    {
        (_buffer, _batch, _takes) = (buffer, null, true);
        return new(this, Begin(cancellationToken));
    }

    internal ValueTask<int> ForBatch(MessageBatch batch, CancellationToken cancellationToken)
    {
        (_buffer, _batch, _takes) = (default, batch, true);
        return new(this, Begin(cancellationToken));
    }

    internal ValueTask ForLook(CancellationToken cancellationToken)
    {
        (_buffer, _batch, _takes) = (default, null, false);
        return new(this, Begin(cancellationToken));
    }

    /// <summary>Takes what it waits for, if it is there. Within the reader's gate.</summary>
    /// <returns>Whether the wait is over: <see cref="Complete"/> is to follow outside of the gate.</returns>
    internal bool TryFinish()
    {
        try
        {
            if (!_takes)
                return reader.TryPeek();
            if (_batch is null)
                return reader.TryTake(_buffer.Span, mayWait: true, out _received);
            if (!reader.TryTakeAll(_batch))
                return false;
            _received = new ReceivedMessage(_batch.Count, default);
            return true;
        }
        catch (Exception failure)
        {
            _failure = failure;
            return true;
        }
    }

    /// <summary>The channel is over.</summary>
    internal void Fail(Exception failure) => _failure = failure;

    /// <param name="isLast">Whether the caller has nothing else to do: then the code that waited goes on at once, on its thread.</param>
    internal void Complete(bool isLast)
    {
        _core.RunContinuationsAsynchronously = !isLast;
        if (_failure is null)
            _core.SetResult(_received);
        else
            _core.SetException(_failure);
    }

    ReceivedMessage IValueTaskSource<ReceivedMessage>.GetResult(short token) => GetResult(token);

    int IValueTaskSource<int>.GetResult(short token) => GetResult(token).Length;

    void IValueTaskSource.GetResult(short token) => GetResult(token);

    public ValueTaskSourceStatus GetStatus(short token) => _core.GetStatus(token);

    public void OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags)
        => _core.OnCompleted(continuation, state, token, flags);

    private short Begin(CancellationToken cancellationToken)
    {
        _core.Reset();
        _received = default;
        _failure = null;
        _cancellationToken = cancellationToken;
        _cancellation = cancellationToken.UnsafeRegister(static receiver => ((Receiver)receiver!).Cancel(), this);
        return _core.Version;
    }

    private ReceivedMessage GetResult(short token)
    {
        try
        {
            return _core.GetResult(token);
        }
        finally
        {
            // Waits for a cancellation that is under way: it must not meet the next wait.
            _cancellation.Dispose();
            (_buffer, _batch) = (default, null);
            reader.Keep(this);
        }
    }

    private void Cancel()
    {
        if (!reader.TryAbandon(this))
            return;
        _failure = new OperationCanceledException(_cancellationToken);
        Complete(isLast: false);
    }
}
