namespace Parley.Tests.Messaging;

public sealed class MemoryTests() : MessageContract(MessageKind.Memory);
