using System.Runtime.CompilerServices;

namespace Parley.Transports.Descriptors;

/// <summary>
/// A place for one thread that is about to block in the kernel. The thread that interrupts it holds it there meanwhile: a signal must not
/// meet a thread that has gone on to something else, or has ended.
/// </summary>
internal sealed class BlockedThread(BlockedThread? next)
{
    // Threads are addresses: their lowest bits are free.
    private const nint Held = 1;
    private const nint Signalled = 2;
    private const nint Marks = Held | Signalled;

    private nint _thread;

    // How many have ended; written by the thread that is here.
    private int _visits;

    internal BlockedThread? Next { get; } = next;

    /// <summary>What the threads that were here have moved; for the thread that is here to count.</summary>
    internal MessageTally Tally { get; } = new();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal bool TryEnter(nint thread)
    {
        // Seen by others before anything that this thread looks at next: an interruption that missed it has been made before.
        return Volatile.Read(ref _thread) == 0 && Interlocked.CompareExchange(ref _thread, thread, 0) == 0;
    }

    /// <summary>By the thread that is here.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal void Leave()
    {
        nint thread = Volatile.Read(ref _thread) & ~Marks;

        // Seen by whoever sees that the place is free, or taken again.
        Volatile.Write(ref _visits, _visits + 1);
        if (Interlocked.CompareExchange(ref _thread, 0, thread) != thread)
            LeaveInterrupted(thread);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private void LeaveInterrupted(nint thread)
    {
        var spin = new SpinWait();
        while (Interlocked.CompareExchange(ref _thread, 0, thread | Signalled) != (thread | Signalled))
            spin.SpinOnce();

        // The signal may still be on its way. It comes with the end of any system call: of this one, and not of one that is not ours.
        Thread.Yield();
    }

    /// <summary>Makes the thread that is here leave. It may come back: what it is to find then must be there before.</summary>
    internal void Interrupt()
    {
        int visit = Volatile.Read(ref _visits);
        var spin = new SpinWait();
        while (true)
        {
            nint thread = Volatile.Read(ref _thread);
            if (thread == 0 || Volatile.Read(ref _visits) != visit)
                return;
            nint itself = thread & ~Marks;
            if ((thread & Held) == 0 && Interlocked.CompareExchange(ref _thread, itself | Held, thread) == thread)
            {
                try
                {
                    InterruptSignal.Send(itself);
                }
                finally
                {
                    Volatile.Write(ref _thread, itself | Signalled);
                }
            }

            // Once is enough, but for a thread that was still on its way into the kernel.
            spin.SpinOnce();
        }
    }
}
