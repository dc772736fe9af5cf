using Parley.Interop.Linux;

namespace Parley.Transports.SharedMemory;

/// <summary>The fence that the sleeper makes for both sides, so that who publishes needs none: section 5 of the protocol.</summary>
/// <remarks>
/// Linux leaves a processor out whose last thread was of this process, and asleep, when the process registered, until another process has run there
/// (seen with 6.18). So it is not relied upon alone: <see cref="SharedMemoryLink.ThirdLookAfter"/>.
/// </remarks>
internal static class Membarrier
{
    /// <summary>Whether this process is registered for it and can ask for it; tried once, which may take some 10 ms.</summary>
    internal static bool IsAvailable { get; } = Register();

    /// <summary>Every running thread of every registered process passes a full fence; this one too.</summary>
    /// <remarks>Where a sandbox forbids it meanwhile, or memory is short, it is this one alone, as with a processor that is left out.</remarks>
    internal static void Run()
    {
        if (Libc.Membarrier(Libc.MEMBARRIER_CMD_GLOBAL_EXPEDITED) != 0)
            Interlocked.MemoryBarrier();
    }

    private static bool Register()
        => Libc.Membarrier(Libc.MEMBARRIER_CMD_REGISTER_GLOBAL_EXPEDITED) == 0 && Libc.Membarrier(Libc.MEMBARRIER_CMD_GLOBAL_EXPEDITED) == 0;
}
