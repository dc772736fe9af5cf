using Parley.Interop.Linux;

namespace Parley.Transports.SharedMemory;

/// <summary>Sleeping on a word that both processes see.</summary>
internal static unsafe class Futex
{
    /// <summary>Sleeps while the word has the value. May return for no reason: the caller looks again.</summary>
    /// <param name="word">The word.</param>
    /// <param name="expected">The value announced.</param>
    /// <param name="timeout">How long at most; <see langword="null"/> for no limit. Zero or less returns at once.</param>
    internal static void Wait(uint* word, uint expected, TimeSpan? timeout)
    {
        if (timeout is not { } limit)
        {
            Libc.Futex(word, Libc.FUTEX_WAIT, expected, null);
            return;
        }

        if (limit <= TimeSpan.Zero)
            return;
        TimeSpec time = TimeSpec.Of(limit);
        Libc.Futex(word, Libc.FUTEX_WAIT, expected, &time);
    }

    internal static void WakeAll(uint* word) => Libc.Futex(word, Libc.FUTEX_WAKE, int.MaxValue, null);
}
