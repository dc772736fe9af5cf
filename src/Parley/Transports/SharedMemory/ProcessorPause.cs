using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics.Arm;
using System.Runtime.Intrinsics.X86;

namespace Parley.Transports.SharedMemory;

/// <summary>What a processor does between two looks at memory. It takes 5 ns on some, and ten times as long on others.</summary>
internal static class ProcessorPause
{
    private static readonly double Nanoseconds = Measure();

    // Thread.SpinWait makes as many pauses as take some 40 ns, whatever the processor's pause takes: too many here.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static void Pause()
    {
        if (X86Base.IsSupported)
            X86Base.Pause();
        else if (ArmBase.IsSupported)
            ArmBase.Yield();
    }

    /// <summary>How many looks with a pause before each take that long: 1 or more.</summary>
    internal static int CountIn(TimeSpan time) => (int)Math.Ceiling(time.TotalNanoseconds / Nanoseconds);

    private static double Measure()
    {
        const int Tries = 5;
        const int Pauses = 100;
        double shortest = double.MaxValue;
        for (int i = 0; i < Tries; i++)
        {
            long started = Stopwatch.GetTimestamp();
            for (int j = 0; j < Pauses; j++)
                Pause();
            shortest = Math.Min(shortest, Stopwatch.GetElapsedTime(started).TotalNanoseconds / Pauses);
        }

        // Where there is no such instruction, a look takes about as long as the shortest one.
        return Math.Max(shortest, 5);
    }
}
