namespace Parley.Transports.Descriptors;

/// <summary>Something that happens on the event loop at a time, unless it is moved or called off before.</summary>
internal abstract class Deadline
{
    /// <summary>No time at all.</summary>
    internal const long Never = long.MaxValue;

    private long _due = Never;

    /// <summary>When, as a <see cref="System.Diagnostics.Stopwatch"/> timestamp. Moving it later costs no more than this write.</summary>
    internal long Due
    {
        get => Volatile.Read(ref _due);
        set => Volatile.Write(ref _due, value);
    }

    /// <summary>The place in the heap, -1 when in none; and the time it was put there for. Guarded by the heap's lock.</summary>
    internal int HeapIndex { get; set; } = -1;

    internal long QueuedDue { get; set; }

    /// <summary>Called on the loop's thread. May come late or once too often after a change: whoever waits looks at the clock.</summary>
    internal abstract void OnDue();
}
