namespace Parley.Transports.Descriptors;

/// <summary>
/// Something that another process changes in memory that is shared. While the loop is awake it looks for itself; before it goes to sleep, the other process is
/// told that it has to wake it. All on the loop's thread.
/// </summary>
internal interface IAwaitedMemory
{
    /// <summary>Whether there is something, or nothing will come any more. Cheap, and never throws.</summary>
    bool HasCome();

    /// <summary>Has the other process wake the loop by a descriptor from now on.</summary>
    /// <returns>Whether something has come after all.</returns>
    bool Announce();

    /// <summary>Ends the wait.</summary>
    void Wake();
}
