namespace Parley;

/// <summary>Those who wait until something has changed. All are woken, and look for themselves. One that waits alone allocates nothing.</summary>
/// <param name="gate">What guards the list, and that which is waited for.</param>
internal sealed class WaitList(Lock gate)
{
    private Waiter? _first;
    private Waiter? _spare;

    /// <summary>Whether nobody waits. Within the gate.</summary>
    internal bool IsEmpty => _first is null;

    /// <summary>Waits until the next <see cref="TakeAll"/>. Within the gate.</summary>
    internal ValueTask Add(CancellationToken cancellationToken)
    {
        Waiter waiter = Interlocked.Exchange(ref _spare, null) ?? new Waiter(this);
        waiter.Next = _first;
        _first = waiter;
        return waiter.Begin(cancellationToken);
    }

    /// <summary>Takes those who are to be woken. Within the gate; <see cref="Wake"/> follows outside of it.</summary>
    internal Waiter? TakeAll()
    {
        Waiter? all = _first;
        _first = null;
        return all;
    }

    /// <summary>Wakes those who were taken. The last one goes on here: code that waits alone needs no other thread.</summary>
    internal static void Wake(Waiter? waiter)
    {
        while (waiter is not null)
        {
            Waiter woken = waiter;
            waiter = woken.Next;
            woken.Next = null;
            woken.Wake(isLast: waiter is null);
        }
    }

    /// <summary>Wakes those who were taken, none of them on this thread.</summary>
    internal static void WakeElsewhere(Waiter? waiter)
    {
        while (waiter is not null)
        {
            Waiter woken = waiter;
            waiter = woken.Next;
            woken.Next = null;
            woken.Wake(isLast: false);
        }
    }

    internal bool TryRemove(Waiter waiter)
    {
        lock (gate)
        {
            for (Waiter? before = null, at = _first; at is not null; before = at, at = at.Next)
            {
                if (at != waiter)
                    continue;
                if (before is null)
                    _first = at.Next;
                else
                    before.Next = at.Next;
                at.Next = null;
                return true;
            }

            return false;
        }
    }

    internal void Keep(Waiter waiter) => Volatile.Write(ref _spare, waiter);
}
