using System.Runtime.CompilerServices;

namespace Parley.Transports.SharedMemory;

/// <summary>The words of a control block as one side of the ring sees them: its own, and the other side's.</summary>
internal readonly unsafe struct RingControl(byte* control, bool isReader)
{
    private readonly uint* _ownState = (uint*)(control + (isReader ? SharedLayout.ReaderState : SharedLayout.WriterState));
    private readonly uint* _otherState = (uint*)(control + (isReader ? SharedLayout.WriterState : SharedLayout.ReaderState));
    private readonly uint* _ownSleep = (uint*)(control + (isReader ? SharedLayout.ReaderSleep : SharedLayout.WriterSleep));
    private readonly uint* _otherSleep = (uint*)(control + (isReader ? SharedLayout.WriterSleep : SharedLayout.ReaderSleep));
    private readonly ulong* _ownSleeps = (ulong*)(control + (isReader ? SharedLayout.ReaderSleeps : SharedLayout.WriterSleeps));
    private readonly ulong* _ownWakes = (ulong*)(control + (isReader ? SharedLayout.ReaderWakes : SharedLayout.WriterWakes));

    internal void SetOwnState(uint state) => Volatile.Write(ref *_ownState, state);

    internal uint OtherState => Volatile.Read(ref *_otherState);

    internal bool OtherSleeps
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => Volatile.Read(ref *_otherSleep) != 0;
    }

    internal void WakeOther(SharedMemoryLink link) => link.Wake(_otherSleep, _ownWakes);

    /// <summary>Makes this side's own sleeping threads look again.</summary>
    internal void WakeOwn() => SharedMemoryLink.WakeThreads(_ownSleep);

    /// <returns><see langword="false"/> where it was announced before, and nobody has taken that down since.</returns>
    internal bool Announce(uint how)
    {
        if (Interlocked.Exchange(ref *_ownSleep, how) == how)
            return false;
        Volatile.Write(ref *_ownSleeps, *_ownSleeps + 1);
        return true;
    }

    internal void TakeDown()
    {
        if (Volatile.Read(ref *_ownSleep) != 0)
            Interlocked.Exchange(ref *_ownSleep, 0);
    }

    /// <summary>Asleep, as long as what was announced stands.</summary>
    internal void Sleep(TimeSpan? timeout) => SharedMemoryLink.FutexWait(_ownSleep, SharedLayout.SleepsInFutex, timeout);
}
