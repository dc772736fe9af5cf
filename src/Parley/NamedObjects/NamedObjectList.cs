namespace Parley;

/// <summary>The named objects of a user, as far as they can be listed.</summary>
public sealed record NamedObjectList
{
    /// <summary>What was found, by kind and name.</summary>
    public required IReadOnlyList<NamedObjectStatus> Objects { get; init; }

    /// <summary>
    /// What cannot be listed here: of each kind one sentence that says why, and what can be done about it. Empty when everything was. Where it
    /// is not, there may be more objects than were found.
    /// </summary>
    public required IReadOnlyList<string> Unlisted { get; init; }
}
