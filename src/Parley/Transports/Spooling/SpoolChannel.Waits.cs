namespace Parley.Transports.Spooling;

/// <content>
/// The waits: for the source, and where the spool is full for an acknowledgement. Both end early when a message is put back.
/// </content>
internal sealed partial class SpoolChannel
{
    private readonly Lock _waits = new();
    private readonly CancellationTokenSource _filling = new();
    private CancellationTokenSource? _interrupt;

    public override async ValueTask<ReceivedMessage> ReceiveAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        cancellationToken.ThrowIfCancellationRequested();
        ReceivedMessage received;
        while (!TryReceive(buffer.Span, out received))
            await WaitToReceiveAsync(cancellationToken).ConfigureAwait(false);
        return received;
    }

    public override async ValueTask WaitToReceiveAsync(CancellationToken cancellationToken = default)
    {
        while (true)
        {
            cancellationToken.ThrowIfCancellationRequested();

            // Before it is looked: what changes afterwards cancels it.
            CancellationToken interrupt = Interrupted();
            if (!IsToWait(out bool isFull))
                return;
            using var wait = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, interrupt);
            if (isFull)
            {
                await Task.Delay(Timeout.InfiniteTimeSpan, wait.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                continue;
            }

            try
            {
                await _source.WaitToReceiveAsync(wait.Token).ConfigureAwait(false);
                return;
            }
            catch (OperationCanceledException) when (interrupt.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
            {
                // Looks again.
            }
        }
    }

    public override async Task FillAsync(CancellationToken cancellationToken = default)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, _filling.Token);
        try
        {
            await FillUntilEndAsync(stop.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            cancellationToken.ThrowIfCancellationRequested();
            throw Disposed();
        }
    }

    private async Task FillUntilEndAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            cancellationToken.ThrowIfCancellationRequested();
            CancellationToken interrupt = Interrupted();
            if (TakeSome())
                Interrupt();
            if (IsFilled(out bool hasEnded))
            {
                using var room = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, interrupt);
                await Task.Delay(Timeout.InfiniteTimeSpan, room.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                continue;
            }

            if (hasEnded)
                return;
            await _source.WaitToReceiveAsync(cancellationToken).ConfigureAwait(false);
        }
    }

    /// <returns>Whether there was anything.</returns>
    private bool TakeSome()
    {
        lock (_taking)
        {
            CheckReceive();
            int left = BatchOfOneSync;
            while (left > 0 && !_hasEnded && TakeOne())
                left--;
            return left < BatchOfOneSync || _hasEnded;
        }
    }

    private bool IsFilled(out bool hasEnded)
    {
        lock (_slots)
        {
            hasEnded = _hasEnded;
            return !_hasEnded && IsFull;
        }
    }

    /// <returns>Whether there is nothing to be received at once.</returns>
    private bool IsToWait(out bool isFull)
    {
        lock (_slots)
        {
            CheckReceive();
            isFull = IsFull;
            return _waiting.Count == 0 && !_hasEnded;
        }
    }

    // With the lock on slots.
    private bool IsFull => Volatile.Read(ref _armed) == None && (_free.Count == 0 || (_wantedSize != 0 && _held > 0));

    private CancellationToken Interrupted()
    {
        lock (_waits)
            return (_interrupt ??= new CancellationTokenSource()).Token;
    }

    /// <summary>Wakes whoever waits.</summary>
    private void Interrupt()
    {
        CancellationTokenSource? interrupt;
        lock (_waits)
        {
            interrupt = _interrupt;
            _interrupt = null;
        }

        // Not disposed: who waits may just be linking to it, and it holds nothing of the system's.
        // Continuations run elsewhere: they receive, and this thread may be about to acknowledge more.
        if (interrupt is not null)
            ThreadPool.UnsafeQueueUserWorkItem(static interrupt => interrupt.Cancel(), interrupt, preferLocal: false);
    }
}
