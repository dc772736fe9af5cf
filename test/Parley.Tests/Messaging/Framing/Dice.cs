namespace Parley.Tests.Messaging.Framing;

/// <summary>SplitMix64: cheap to seed, so that each input has a seed of its own.</summary>
internal struct Dice(long seed)
{
    private ulong _state = (ulong)seed;

    /// <summary>From 0 to below the limit; 0 where that is 0.</summary>
    public int Below(int limit)
    {
        _state += 0x9E3779B97F4A7C15;
        ulong mixed = (_state ^ (_state >> 30)) * 0xBF58476D1CE4E5B9;
        mixed = (mixed ^ (mixed >> 27)) * 0x94D049BB133111EB;
        return (int)(((mixed ^ (mixed >> 31)) >> 33) * (ulong)limit >> 31);
    }

    public bool IsOneIn(int times) => Below(times) == 0;
}
