namespace Parley;

/// <summary>What <see cref="NamedObject"/> does, for one kind of endpoint.</summary>
internal interface INamedObject
{
    void Create(NamedObjectOptions options);

    IReadOnlyList<NamedObjectStatus> Inspect(AccessRules? accessRules);

    void Remove();
}
