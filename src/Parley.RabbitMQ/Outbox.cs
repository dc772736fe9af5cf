using System.Diagnostics.CodeAnalysis;

namespace Parley.RabbitMQ;

/// <summary>
/// The messages that were handed over and are not confirmed, in order: those on their way with the connection that is there, and those that wait for it. When a connection goes, those on
/// their way go first with the next one.
/// </summary>
[SuppressMessage("Design", "CA1001", Justification = "Semaphores hold nothing of the system's until their wait handle is asked for.")]
internal sealed class Outbox(AmqpEndPoint queue, int window)
{
    private readonly Lock _lock = new();
    private readonly SemaphoreSlim _room = new(window);
    private readonly SemaphoreSlim _work = new(0);
    private readonly Dictionary<ulong, PendingSend> _underWay = [];
    private LinkedList<PendingSend> _waiting = [];
    private BrokerLink? _link;
    private ulong _oldest = 1;
    private ulong _next = 1;
    private int _unwatched;
    private TaskCompletionSource? _whenTaken;
    private long _lostMessages;
    private long _lostBytes;
    private ConnectionException? _firstLoss;
    private ConnectionException? _closed;
    private long _sent;
    private long _bytesSent;

    internal (long Messages, long Bytes) Sent => (Interlocked.Read(ref _sent), Interlocked.Read(ref _bytesSent));

    /// <returns>Whether there was room; it is the caller's then.</returns>
    internal Task<bool> EnterAsync(TimeSpan timeout, CancellationToken cancellationToken) => _room.WaitAsync(timeout, cancellationToken);

    internal bool TryEnter() => _room.Wait(0);

    internal void Leave() => _room.Release();

    /// <summary>Hands a message over, for which there is room.</summary>
    internal void Add(PendingSend message)
    {
        lock (_lock)
        {
            if (_closed is { } reason)
            {
                message.Release();
                _room.Release();
                throw reason;
            }

            _waiting.AddLast(message);
            if (message.Done is null)
                _unwatched++;
            if (_work.CurrentCount == 0)
                _work.Release();
        }
    }

    /// <summary>Nobody waits for the message any more.</summary>
    /// <returns>Whether it was certainly not sent.</returns>
    internal bool GiveUp(PendingSend message)
    {
        lock (_lock)
        {
            message.IsGivenUp = true;
            if (message.IsOver || !_waiting.Remove(message))
                return false;
            Finish(message);
            return !message.WasPublished;
        }
    }

    /// <summary>Publishes what waits, and what is added, as long as the connection is there.</summary>
    internal async Task PublishAsync(BrokerLink link)
    {
        lock (_lock)
        {
            _link = link;
            _oldest = _next = 1;
        }

        // What waits may have been counted out with the connection before.
        while (!link.HasEnded)
        {
            while (TakeNext(link) is { } message)
            {
                if (!await TryPublishAsync(link, message).ConfigureAwait(false))
                    return;
            }

            try
            {
                await _work.WaitAsync(link.EndToken).ConfigureAwait(false);
            }
            catch (OperationCanceledException)
            {
                return;
            }
        }
    }

    /// <summary>The connection is gone: what it had under way waits for the next one.</summary>
    internal void Return(BrokerLink link)
    {
        lock (_lock)
        {
            if (_link != link)
                return;
            _link = null;
            var again = new LinkedList<PendingSend>();
            foreach ((_, PendingSend message) in _underWay.OrderBy(static one => one.Key))
            {
                if (message.IsGivenUp)
                {
                    Finish(message);
                    continue;
                }

                message.MarkResent();
                again.AddLast(message);
            }

            _underWay.Clear();
            foreach (PendingSend message in _waiting)
                again.AddLast(message);
            _waiting = again;
        }
    }

    /// <summary>The broker has confirmed messages, or refused them.</summary>
    internal void Confirm(BrokerLink link, ulong number, bool upTo, bool isTaken)
    {
        lock (_lock)
        {
            if (_link != link)
                return;
            if (!upTo)
                ConfirmOne(number, isTaken);
            for (; upTo && _oldest <= number; _oldest++)
                ConfirmOne(_oldest, isTaken);
            while (_oldest < _next && !_underWay.ContainsKey(_oldest))
                _oldest++;
        }
    }

    /// <summary>The broker has sent a message back that no queue took; its confirmation follows.</summary>
    internal void MarkReturned(BrokerLink link, string? messageId)
    {
        lock (_lock)
        {
            if (_link != link)
                return;
            foreach ((_, PendingSend message) in _underWay.OrderBy(static one => one.Key))
            {
                if (message.Properties.MessageId != messageId || message.IsReturned)
                    continue;
                message.IsReturned = true;
                return;
            }
        }
    }

    /// <summary>Waits until the broker has everything that was handed over and nobody waits for.</summary>
    /// <exception cref="ConnectionException">It has not taken all of it.</exception>
    internal async Task WaitUntilTakenAsync(CancellationToken cancellationToken)
    {
        Task? taken = null;
        lock (_lock)
        {
            if (_unwatched > 0)
                taken = (_whenTaken ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).Task;
        }

        if (taken is not null)
            await taken.WaitAsync(cancellationToken).ConfigureAwait(false);
        ThrowIfLost();
    }

    /// <summary>Nothing more is taken; everything that is not confirmed is lost as far as is known here.</summary>
    internal void Close(ConnectionException reason)
    {
        lock (_lock)
        {
            _closed = reason;
            PendingSend[] left = [.. _underWay.Values, .. _waiting];
            _underWay.Clear();
            _waiting.Clear();
            foreach (PendingSend message in left)
                Fail(message, reason);
        }
    }

    /// <summary>What was sent from now on is refused.</summary>
    internal void Refuse(ConnectionException reason)
    {
        lock (_lock)
            _closed ??= reason;
    }

    /// <summary>Waits until nothing is left to be confirmed.</summary>
    internal async Task WaitUntilEmptyAsync(CancellationToken cancellationToken)
    {
        // Each takes one place of the window, and gives it back in the end.
        for (int i = 0; i < window; i++)
            await _room.WaitAsync(cancellationToken).ConfigureAwait(false);
    }

    /// <exception cref="ConnectionException">Messages that nobody waited for were not taken.</exception>
    internal void ThrowIfLost()
    {
        lock (_lock)
        {
            if (_lostMessages == 0)
                return;
            string words = _lostMessages == 1 ? "a message that was sent was" : $"{_lostMessages} messages that were sent were";
            var failure = new ConnectionException(Step.Send, _firstLoss!.Reason, queue, $"{words} not confirmed: {_firstLoss.Cause}", inner: _firstLoss) { UndeliveredBytes = _lostBytes };
            (_lostMessages, _lostBytes, _firstLoss) = (0, 0, null);
            throw failure;
        }
    }

    private PendingSend? TakeNext(BrokerLink link)
    {
        lock (_lock)
        {
            if (_link != link || link.HasEnded || _waiting.First is not { } first)
                return null;
            _waiting.RemoveFirst();
            _underWay[_next++] = first.Value;
            first.Value.WasPublished = true;
            return first.Value;
        }
    }

    private async Task<bool> TryPublishAsync(BrokerLink link, PendingSend message)
    {
        try
        {
            ValueTask published = link.Publishing!.BasicPublishAsync("", queue.Queue, mandatory: true, message.Properties, message.Body, link.EndToken);
            if (published.IsCompletedSuccessfully)
                return true;
            message.IsHeldByClient = true;
            Task waiting = published.AsTask();
            _ = waiting.ContinueWith(static late => _ = late.Exception, CancellationToken.None, TaskContinuationOptions.OnlyOnFaulted | TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
            await waiting.WaitAsync(link.EndToken).ConfigureAwait(false);
            message.IsHeldByClient = false;
            return true;
        }
        catch (Exception failure) when (BrokerFailure.IsExpected(failure) || failure is InvalidOperationException)
        {
            // The connection is of no use then: the next one takes the message.
            link.EndWith(BrokerFailure.Of(failure, Step.Send, queue));
            return false;
        }
        catch (Exception failure)
        {
            // The client cannot send this one, ever: it must not come again with each connection. What the client has counted is not known.
            var reason = new ConnectionException(Step.Send, Reason.Corrupt, queue, $"the message cannot be sent: {failure.Message.TrimEnd('.')}", inner: failure);
            lock (_lock)
            {
                if (_underWay.FirstOrDefault(one => one.Value == message) is { Value: not null } found && _underWay.Remove(found.Key))
                    Fail(message, reason);
            }

            link.EndWith(reason);
            return false;
        }
    }

    private void ConfirmOne(ulong number, bool isTaken)
    {
        if (!_underWay.Remove(number, out PendingSend? message))
            return;
        if (message.IsReturned)
        {
            Fail(message, new ConnectionException(Step.Send, Reason.NotFound, queue, $"there is no queue of that name any more; it is made with: parley create '{queue}'"));
        }
        else if (!isTaken)
        {
            Fail(message, new ConnectionException(Step.Send, Reason.Full, queue, "the broker did not take the message: the queue is full, or cannot store it"));
        }
        else
        {
            Interlocked.Increment(ref _sent);
            Interlocked.Add(ref _bytesSent, message.Length);
            message.Done?.TrySetResult();
            Finish(message);
        }
    }

    private void Fail(PendingSend message, ConnectionException reason)
    {
        if (message.Done is null)
        {
            _lostMessages++;
            _lostBytes += message.Length;
            _firstLoss ??= reason;
        }

        message.Done?.TrySetException(reason);
        Finish(message);
    }

    private void Finish(PendingSend message)
    {
        message.IsOver = true;
        message.Release();
        _room.Release();
        if (message.Done is null && --_unwatched == 0)
        {
            _whenTaken?.TrySetResult();
            _whenTaken = null;
        }
    }
}
