namespace Parley.Transports;

/// <summary>A queue of a broker, whose package is needed only once something is done with it.</summary>
internal sealed class BrokerObject(AmqpEndPoint queue) : INamedObject
{
    private INamedObject Object => BrokerTransport.Required(queue).NamedObjectOf(queue);

    public void Create(NamedObjectOptions options) => Object.Create(options);

    public IReadOnlyList<NamedObjectStatus> Inspect(AccessRules? accessRules) => Object.Inspect(accessRules);

    public void Remove() => Object.Remove();
}
