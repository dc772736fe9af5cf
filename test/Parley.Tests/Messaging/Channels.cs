namespace Parley.Tests.Messaging;

public sealed class MemoryTests() : MessageContract(MessageKind.Memory);

public sealed class Udp4Tests() : MessageContract(MessageKind.Udp4);

public sealed class Udp6Tests() : MessageContract(MessageKind.Udp6);

public sealed class QueueTests() : MessageContract(MessageKind.Queue);
