using System.Runtime.CompilerServices;

namespace Parley.Transports.Descriptors;

/// <summary>
/// A place in which one thread, the same each time, may block in the kernel. To enter and to leave are plain writes: whoever interrupts makes
/// each thread of the process order its own, which needs no interlocked operation of the one that is interrupted once in its life, if ever.
/// </summary>
/// <param name="owner">Those that it is one of.</param>
/// <param name="thread">Whose place it is.</param>
/// <param name="next">The owner's next place.</param>
internal sealed class BlockedThread(BlockedThreads owner, nint thread, BlockedThread? next)
{
    private int _isInside;
    private int _isHeld;

    internal BlockedThreads Owner => owner;

    internal nint Thread => thread;

    internal BlockedThread? Next => next;

    /// <summary>What the thread has moved; for it to count.</summary>
    internal MessageTally Tally { get; } = new();

    internal bool IsInside => Volatile.Read(ref _isInside) != 0;

    internal bool IsHeld => Volatile.Read(ref _isHeld) != 0;

    /// <summary>By its thread. Read what would keep it from blocking after that.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal void Enter() => Volatile.Write(ref _isInside, 1);

    /// <summary>By its thread.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal void Leave()
    {
        Volatile.Write(ref _isInside, 0);
        if (IsHeld)
            LeaveInterrupted();
    }

    /// <summary>
    /// Keeps the thread, once it is found inside behind a barrier of the whole process, from going on to something else, or ending: a signal must not
    /// meet it there.
    /// </summary>
    internal void Hold() => Volatile.Write(ref _isHeld, 1);

    internal void Release() => Volatile.Write(ref _isHeld, 0);

    [MethodImpl(MethodImplOptions.NoInlining)]
    private void LeaveInterrupted()
    {
        var spin = new PlainSpin();
        while (IsHeld)
            spin.Once();

        // The signal may still be on its way. It comes with the end of any system call: of this one, and not of one that is not ours.
        System.Threading.Thread.Yield();
    }
}
