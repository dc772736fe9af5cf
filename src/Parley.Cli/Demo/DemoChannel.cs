namespace Parley.Cli.Demo;

/// <summary>A channel that the demo shows: what it is called, and where a server of it can be put.</summary>
/// <param name="Name">What people call it.</param>
/// <param name="EndPoint">The endpoint, given the demo's own folder and a name that nobody else uses.</param>
internal sealed record DemoChannel(string Name, Func<string, string, string> EndPoint)
{
    /// <summary>Every channel there is, in the order in which the demo shows them.</summary>
    internal static readonly DemoChannel[] All =
    [
        new("tcp, IPv4", static (_, _) => "tcp://127.0.0.1:0"),
        new("tcp, IPv6", static (_, _) => "tcp://[::1]:0"),
        new("unix, a path", static (folder, name) => $"unix:{folder}/{name}.sock"),
        new("unix, abstract", static (_, name) => $"unix:@parley-{name}"),
        new("named pipe", static (folder, name) => $"pipe:{folder}/{name}.pipe"),
    ];
}
