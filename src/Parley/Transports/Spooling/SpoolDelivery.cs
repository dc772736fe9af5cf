namespace Parley.Transports.Spooling;

/// <summary>A message that lies in a slot. Its first answer counts; it keeps no reference to what a later message in the slot needs.</summary>
internal sealed class SpoolDelivery(SpoolChannel spool, int slot, bool isRedelivered) : MessageDelivery
{
    private int _isAnswered;

    public override bool IsRedelivered => isRedelivered;

    public override ValueTask AcknowledgeAsync(CancellationToken cancellationToken = default) => Answer(isDone: true, cancellationToken);

    public override ValueTask RequeueAsync(CancellationToken cancellationToken = default) => Answer(isDone: false, cancellationToken);

    public override ValueTask RejectAsync(CancellationToken cancellationToken = default) => Answer(isDone: true, cancellationToken);

    private ValueTask Answer(bool isDone, CancellationToken cancellationToken)
    {
        if (cancellationToken.IsCancellationRequested)
            return ValueTask.FromCanceled(cancellationToken);
        if (Interlocked.Exchange(ref _isAnswered, 1) != 0)
            return ValueTask.CompletedTask;
        try
        {
            if (isDone)
                spool.Forget(slot);
            else
                spool.PutBack(slot);
            return ValueTask.CompletedTask;
        }
        catch (ConnectionException disposed)
        {
            return ValueTask.FromException(disposed);
        }
    }
}
