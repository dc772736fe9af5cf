namespace Parley.Tests;

/// <summary>The channels that carry messages.</summary>
public enum MessageKind
{
    Memory,
    Udp4,
    Udp6,
    LineOverMemory,
    NulOverMemory,
    Len32OverMemory,
    Len32OverUnix,
    Len32OverTcp,
    Queue,
    SharedMemory,
    SharedMemoryFenced,
    Broker,
}
