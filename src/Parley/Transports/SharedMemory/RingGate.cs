using System.Runtime.CompilerServices;

namespace Parley.Transports.SharedMemory;

/// <summary>
/// Whether a thread is inside a ring. Where the caller promises that there is one thread at a time, entering is a plain store; otherwise
/// one interlocked operation, and the others look until it is free, for nobody waits inside.
/// </summary>
internal struct RingGate
{
    private int _isTaken;

    /// <summary>
    /// Enters. A thread that closes the ring sets its mark, makes all threads pass a fence, and then waits until the gate is free: so whoever
    /// looks at the mark after this finds it, or is waited for.
    /// </summary>
    /// <param name="isAlone">Whether the caller has promised that no other thread enters meanwhile.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal void Enter(bool isAlone)
    {
        if (isAlone ? _isTaken != 0 : Interlocked.Exchange(ref _isTaken, 1) != 0)
            EnterTaken(isAlone);
        else if (isAlone)
            Volatile.Write(ref _isTaken, 1);
    }

    /// <summary>The same where nobody is inside, and without a call.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal bool TryEnter(bool isAlone)
    {
        if (!isAlone)
            return Interlocked.Exchange(ref _isTaken, 1) == 0;
        if (_isTaken != 0)
            return false;
        Volatile.Write(ref _isTaken, 1);
        return true;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal void Leave() => Volatile.Write(ref _isTaken, 0);

    /// <summary>Waits until whoever is inside has left.</summary>
    internal readonly void AwaitLeaving()
    {
        var spin = new SpinWait();
        while (Volatile.Read(in _isTaken) != 0)
            spin.SpinOnce(sleep1Threshold: -1);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private void EnterTaken(bool isAlone)
    {
        if (isAlone)
            throw new InvalidOperationException("Another thread is in the same direction of the channel, which was opened with the promise that there is one at a time.");
        var spin = new SpinWait();
        do
            spin.SpinOnce(sleep1Threshold: -1);
        while (Interlocked.Exchange(ref _isTaken, 1) != 0);
    }
}
