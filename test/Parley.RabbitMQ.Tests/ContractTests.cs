using Parley.Tests.Messaging;

namespace Parley.Tests.Brokers;

/// <summary>What every channel of messages promises.</summary>
[Collection(SharedBroker.Collection)]
public sealed class ContractTests() : MessageContract(MessageKind.Broker);
