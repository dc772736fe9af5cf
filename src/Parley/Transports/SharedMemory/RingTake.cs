namespace Parley.Transports.SharedMemory;

/// <summary>What came of looking for a message.</summary>
internal enum RingTake
{
    /// <summary>Nothing is there yet.</summary>
    Nothing,

    /// <summary>It is in the buffer.</summary>
    Taken,

    /// <summary>It does not fit into the buffer, and stays.</summary>
    TooLarge,

    /// <summary>What is there is no record.</summary>
    Corrupt,

    /// <summary>Nothing is there, and nothing will come.</summary>
    End,
}
