using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace Parley.Cli.Tests;

/// <summary>Endpoints as the command writes them, and as C programs, .NET sockets and the peers want them.</summary>
internal static class Endpoints
{
    private const string Tcp = "tcp://";
    private const string Unix = "unix:";

    public static TheoryData<string> Kinds => ["tcp4", "tcp6", "unix", "abstract"];

    /// <summary>An endpoint of that kind that nobody else listens on: port 0, or a new name.</summary>
    public static string New(string kind, TestFolder folder)
    {
        Skip.If(string.Equals(kind, "tcp6", StringComparison.Ordinal) && !HasIPv6(), "the loopback has no IPv6 address");
        return kind switch
        {
            "tcp4" => "tcp://127.0.0.1:0",
            "tcp6" => "tcp://[::1]:0",
            "unix" => $"unix:{folder[$"s{Random.Shared.Next(1_000_000)}"]}",
            "abstract" => $"unix:@parley-test-{Guid.NewGuid():N}",
            _ => throw new ArgumentOutOfRangeException(nameof(kind), kind, "unknown"),
        };
    }

    public static EndPoint Parse(string endpoint) => endpoint.StartsWith(Tcp, StringComparison.Ordinal)
        ? IPEndPoint.Parse(endpoint[Tcp.Length..])
        : new UnixDomainSocketEndPoint(Path(endpoint).StartsWith('@') ? "\0" + Path(endpoint)[1..] : Path(endpoint));

    public static string Format(EndPoint endpoint) => endpoint switch
    {
        IPEndPoint ip => $"{Tcp}{ip}",
        _ when endpoint.ToString() is { } text => $"{Unix}{text}",
        _ => throw new ArgumentException("an endpoint without text", nameof(endpoint)),
    };

    /// <summary>The path or @name of a Unix socket.</summary>
    public static string Path(string endpoint) => endpoint[Unix.Length..];

    public static bool IsTcp(string endpoint) => endpoint.StartsWith(Tcp, StringComparison.Ordinal);

    public static bool IsAbstract(string endpoint) => endpoint.StartsWith("unix:@", StringComparison.Ordinal);

    public static string Host(string endpoint) => ((IPEndPoint)Parse(endpoint)).Address.ToString();

    public static string Port(string endpoint) => ((IPEndPoint)Parse(endpoint)).Port.ToString(CultureInfo.InvariantCulture);

    /// <summary>As the tests' C programs take it: <c>127.0.0.1 5000</c>, a path, or <c>@name</c>.</summary>
    public static string[] ForC(string endpoint) => IsTcp(endpoint) ? [Host(endpoint), Port(endpoint)] : [Path(endpoint), "-"];

    private static bool HasIPv6()
    {
        try
        {
            using var socket = new Socket(AddressFamily.InterNetworkV6, SocketType.Stream, ProtocolType.Tcp);
            socket.Bind(new IPEndPoint(IPAddress.IPv6Loopback, 0));
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }
}
