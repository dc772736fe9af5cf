namespace Parley;

/// <summary>Those who wait for messages, the first come first. Used within the reader's gate only.</summary>
internal struct ReceiverQueue
{
    private Receiver? _last;

    internal Receiver? First { get; private set; }

    internal readonly bool IsEmpty => First is null;

    internal void Add(Receiver receiver)
    {
        if (_last is null)
            First = receiver;
        else
            _last.Next = receiver;
        _last = receiver;
    }

    internal bool TryRemove(Receiver receiver)
    {
        for (Receiver? before = null, at = First; at is not null; before = at, at = at.Next)
        {
            if (at != receiver)
                continue;
            if (before is null)
                First = at.Next;
            else
                before.Next = at.Next;
            if (_last == at)
                _last = before;
            at.Next = null;
            return true;
        }

        return false;
    }

    /// <summary>Completes all of them, outside of the gate. The last one goes on here if it may: code that waits alone needs no other thread.</summary>
    internal readonly void Complete(bool mayGoOnHere)
    {
        for (Receiver? at = First; at is not null;)
        {
            Receiver completed = at;
            at = at.Next;
            completed.Next = null;
            completed.Complete(mayGoOnHere && at is null);
        }
    }
}
