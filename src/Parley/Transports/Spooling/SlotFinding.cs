namespace Parley.Transports.Spooling;

/// <summary>What an earlier process left in a slot.</summary>
internal enum SlotFinding
{
    /// <summary>Nothing that counts.</summary>
    Free,

    /// <summary>A message.</summary>
    Held,

    /// <summary>A message whose taking was interrupted.</summary>
    Recovered,

    /// <summary>Something that is no message, and was one.</summary>
    Corrupt,
}
