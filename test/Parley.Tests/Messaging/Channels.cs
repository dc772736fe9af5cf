namespace Parley.Tests.Messaging;

public sealed class MemoryTests() : MessageContract(MessageKind.Memory);

public sealed class QueueTests() : MessageContract(MessageKind.Queue);
