namespace Parley.Tests.Messaging;

public sealed class MemoryTests() : MessageContract(MessageKind.Memory);

public sealed class Udp4Tests() : MessageContract(MessageKind.Udp4);

public sealed class Udp6Tests() : MessageContract(MessageKind.Udp6);

public sealed class LineOverMemoryTests() : MessageContract(MessageKind.LineOverMemory);

public sealed class NulOverMemoryTests() : MessageContract(MessageKind.NulOverMemory);

public sealed class Len32OverMemoryTests() : MessageContract(MessageKind.Len32OverMemory);

public sealed class Len32OverUnixTests() : MessageContract(MessageKind.Len32OverUnix);

public sealed class Len32OverTcpTests() : MessageContract(MessageKind.Len32OverTcp);

public sealed class QueueTests() : MessageContract(MessageKind.Queue);

public sealed class SharedMemoryTests() : MessageContract(MessageKind.SharedMemory);

public sealed class SharedMemoryFencedTests() : MessageContract(MessageKind.SharedMemoryFenced);
