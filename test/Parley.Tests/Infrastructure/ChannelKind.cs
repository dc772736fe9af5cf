namespace Parley.Tests;

/// <summary>The channels that carry a stream.</summary>
public enum ChannelKind
{
    Tcp4,
    Tcp6,
    UnixPath,
    UnixAbstract,
    NamedPipe,
    Memory,
    FifoPair,
    SharedMemory,
    Tls,
}
