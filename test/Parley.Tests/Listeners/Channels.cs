namespace Parley.Tests.Listeners;

public sealed class Tcp6ListenerTests() : ListenerContract(ChannelKind.Tcp6);

public sealed class UnixAbstractListenerTests() : ListenerContract(ChannelKind.UnixAbstract);

public sealed class SharedMemoryListenerTests() : ListenerContract(ChannelKind.SharedMemory);

public sealed class TlsListenerTests() : ListenerContract(ChannelKind.Tls);

public sealed class MemoryListenerTests() : ListenerContract(ChannelKind.Memory);
