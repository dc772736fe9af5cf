namespace Parley.Cli.Demo;

/// <summary>A channel that the demo shows.</summary>
/// <param name="name">What people call it.</param>
internal abstract class DemoChannel(string name)
{
    /// <summary>Every channel there is, in the order in which the demo shows them.</summary>
    internal static readonly DemoChannel[] All =
    [
        new ServedChannel("tcp, IPv4", static (_, _) => "tcp://127.0.0.1:0"),
        new ServedChannel("tcp, IPv6", static (_, _) => "tcp://[::1]:0"),
        new TlsChannel("tls, TLS 1.3"),
        new ServedChannel("unix, a path", static (folder, name) => $"unix:{folder}/{name}.sock"),
        new ServedChannel("unix, abstract", static (_, name) => $"unix:@parley-{name}"),
        new ServedChannel("named pipe", static (folder, name) => $"pipe:{folder}/{name}.pipe"),
        new FifoChannel("fifo, a pair"),
        new ProgramChannel("exec, two pipes"),
        new QueueChannel("mq, messages"),
        new MessageChannelDemo("udp, messages", static (_, _) => "udp://127.0.0.1:0"),
        new MessageChannelDemo("unix, messages", static (folder, name) => $"unix:{folder}/{name}.sock", "--frame", "len32"),
        new ServedChannel("shm, bytes", static (folder, name) => $"shm:{folder}/{name}.sock"),
        new MessageChannelDemo("shm, messages", static (folder, name) => $"shm:{folder}/{name}.sock"),
    ];

    internal string Name { get; } = name;

    /// <summary>Takes the tutorial's message across.</summary>
    /// <param name="folder">The demo's own folder.</param>
    /// <returns>What the client printed, and the endpoint that was used.</returns>
    internal abstract Task<(string Received, string EndPoint)> TalkAsync(string folder);

    /// <summary>Measures.</summary>
    /// <param name="folder">The demo's own folder.</param>
    /// <param name="measure"><see cref="DemoClientCommand.RoundTrip"/> or <see cref="DemoClientCommand.Throughput"/>.</param>
    /// <returns>The number that the client printed.</returns>
    internal abstract Task<string> MeasureAsync(string folder, string measure);
}
