namespace Parley;

/// <summary>The schemes that endpoints are written with.</summary>
internal static class Schemes
{
    internal const string Tcp = "tcp";
    internal const string Tls = "tls";
    internal const string Unix = "unix";
    internal const string Memory = "mem";
    internal const string Fifo = "fifo";
    internal const string NamedPipe = "pipe";
    internal const string Process = "exec";
    internal const string MessageQueue = "mq";
    internal const string Udp = "udp";
    internal const string SharedMemory = "shm";
    internal const string Amqp = "amqp";
    internal const string Amqps = "amqps";
    internal const string StandardStreams = "stdio";

    internal static readonly string[] All = [Tcp, Tls, Unix, NamedPipe, Fifo, Process, StandardStreams, SharedMemory, MessageQueue, Udp, Memory, Amqp, Amqps];
}
