namespace Parley.Transports.SharedMemory;

/// <summary>One ring of a mapped segment: its control block, and its bytes, which are mapped twice, back to back.</summary>
internal readonly unsafe struct RingMemory(byte* control, byte* data, int capacity)
{
    internal byte* Control { get; } = control;

    internal byte* Data { get; } = data;

    /// <summary>In bytes; a power of two.</summary>
    internal int Capacity { get; } = capacity;
}
