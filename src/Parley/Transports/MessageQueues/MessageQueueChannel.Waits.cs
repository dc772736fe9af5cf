using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using Parley.Interop.Linux;
using Parley.Transports.Descriptors;

namespace Parley.Transports.MessageQueues;

/// <content>
/// The waits in the event loop. One receiver and one sender at a time wait for the descriptor; the others wait for their turn.
/// </content>
[SuppressMessage("Design", "CA1001", Justification = "Semaphores hold nothing of the system's until their wait handle is asked for.")]
internal sealed partial class MessageQueueChannel
{
    // So many calls of code that runs on the loop's thread before the others have their turn.
    private const int CallsInARow = 32;

    private readonly SemaphoreSlim _receiveTurn = new(1, 1);
    private readonly SemaphoreSlim _sendTurn = new(1, 1);
    private int _callsInARow;

    public override ValueTask SendAsync(ReadOnlyMemory<byte> message, MessageHeader header, CancellationToken cancellationToken = default)
    {
        if (cancellationToken.IsCancellationRequested)
            return ValueTask.FromCanceled(cancellationToken);
        try
        {
            CheckSend(message.Length, header.Priority);
            long started = Now();
            if (MustYield)
                return YieldAndSendAsync(message, header.Priority, started, cancellationToken);
            return TrySend(message.Span, header.Priority, started)
                ? ValueTask.CompletedTask
                : WaitAndSendAsync(message, header.Priority, started, cancellationToken);
        }
        catch (Exception failure) when (failure is ConnectionException or ArgumentException)
        {
            return ValueTask.FromException(failure);
        }
    }

    public override ValueTask<ReceivedMessage> ReceiveAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (cancellationToken.IsCancellationRequested)
            return ValueTask.FromCanceled<ReceivedMessage>(cancellationToken);
        try
        {
            CheckReceive();
            long started = Now();
            if (MustYield)
                return YieldAndReceiveAsync(buffer, started, cancellationToken);
            return TryReceive(buffer.Span, started, out ReceivedMessage received)
                ? new(received)
                : WaitAndReceiveAsync(buffer, started, cancellationToken);
        }
        catch (ConnectionException failure)
        {
            return ValueTask.FromException<ReceivedMessage>(failure);
        }
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    public override async ValueTask WaitToSendAsync(CancellationToken cancellationToken = default)
    {
        cancellationToken.ThrowIfCancellationRequested();
        CheckSend(length: 0, priority: 0);
        if (MustYield)
            await YieldAsync().ConfigureAwait(false);
        if (MessagesThere(Step.Send) < _capacity)
            return;
        await _sendTurn.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            await WaitForRoomAsync(cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            _sendTurn.Release();
        }
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    public override async ValueTask WaitToReceiveAsync(CancellationToken cancellationToken = default)
    {
        cancellationToken.ThrowIfCancellationRequested();
        CheckReceive();
        if (MustYield)
            await YieldAsync().ConfigureAwait(false);
        if (_held.IsThere || MessagesThere(Step.Receive) > 0)
            return;
        await _receiveTurn.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            // What interrupts the wait is a message that somebody else's buffer was too small for.
            while (!await WaitForMessageAsync(cancellationToken).ConfigureAwait(false) && !_held.IsThere)
            {
            }
        }
        finally
        {
            _receiveTurn.Release();
        }
    }

    public override async ValueTask<int> ReceiveBatchAsync(MessageBatch batch, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(batch);
        batch.Clear();
        batch.Add(await ReceiveAsync(batch.Room(0), cancellationToken).ConfigureAwait(false));
        while (batch.Count < batch.Capacity)
        {
            try
            {
                if (!TryReceive(batch.Room(batch.Count).Span, out ReceivedMessage received))
                    break;
                batch.Add(received);
            }
            catch (ConnectionException failure) when (failure.UndeliveredBytes == 0)
            {
                // The next call meets it again: a message that is too long is held, and the queue's state does not change.
                break;
            }
        }

        return batch.Count;
    }

    /// <summary>Whether the loop's other descriptors are to have their turn before this call: <see cref="YieldAsync"/>.</summary>
    private bool MustYield => _runsInline && _descriptor.Loop.IsCurrent && ++_callsInARow > CallsInARow;

    private ValueTask YieldAsync()
    {
        _callsInARow = 0;
        return _descriptor.Loop.YieldAsync();
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    private async ValueTask YieldAndSendAsync(ReadOnlyMemory<byte> message, int priority, long started, CancellationToken cancellationToken)
    {
        await YieldAsync().ConfigureAwait(false);
        if (!TrySend(message.Span, priority, started))
            await WaitAndSendAsync(message, priority, started, cancellationToken).ConfigureAwait(false);
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<ReceivedMessage> YieldAndReceiveAsync(Memory<byte> buffer, long started, CancellationToken cancellationToken)
    {
        await YieldAsync().ConfigureAwait(false);
        return TryReceive(buffer.Span, started, out ReceivedMessage received)
            ? received
            : await WaitAndReceiveAsync(buffer, started, cancellationToken).ConfigureAwait(false);
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    private async ValueTask WaitAndSendAsync(ReadOnlyMemory<byte> message, int priority, long started, CancellationToken cancellationToken)
    {
        await _sendTurn.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            do
                await WaitForRoomAsync(cancellationToken).ConfigureAwait(false);
            while (!TrySend(message.Span, priority, started));
        }
        finally
        {
            _sendTurn.Release();
        }
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<ReceivedMessage> WaitAndReceiveAsync(Memory<byte> buffer, long started, CancellationToken cancellationToken)
    {
        await _receiveTurn.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            ReceivedMessage received;
            do
                await WaitForMessageAsync(cancellationToken).ConfigureAwait(false);
            while (!TryReceive(buffer.Span, started, out received));
            return received;
        }
        finally
        {
            _receiveTurn.Release();
        }
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    private async ValueTask WaitForRoomAsync(CancellationToken cancellationToken)
        => Check(await _descriptor.WaitWritableAsync(Deadline.Never, cancellationToken).ConfigureAwait(false), Step.Send, cancellationToken);

    /// <returns>Whether the queue had one; otherwise it is held here, perhaps.</returns>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<bool> WaitForMessageAsync(CancellationToken cancellationToken)
    {
        if (_held.IsThere)
            return false;
        WaitResult result = await _descriptor.WaitReadableAsync(Deadline.Never, cancellationToken).ConfigureAwait(false);
        if (result == WaitResult.Interrupted)
            _descriptor.Readable.TakeInterruption();
        Check(result, Step.Receive, cancellationToken);
        return result == WaitResult.Ready;
    }

    private void Check(WaitResult result, Step step, CancellationToken cancellationToken)
    {
        _callsInARow = 0;
        if (result == WaitResult.Canceled)
            throw new OperationCanceledException(cancellationToken);
        if (Volatile.Read(ref _disposed) != 0)
            throw Disposed(step);
        if (result == WaitResult.Closed)
            throw ConnectionException.FromErrno(step, _descriptor.WatchError, _endPoint);
    }

    private int MessagesThere(Step step)
    {
        try
        {
            int error = QueueFile.Attributes(Queue, out QueueAttributes attributes);
            return error == 0 ? (int)attributes.Messages : throw ConnectionException.FromErrno(step, error, _endPoint);
        }
        catch (ObjectDisposedException)
        {
            throw Disposed(step);
        }
    }
}
