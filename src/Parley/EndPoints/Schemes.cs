namespace Parley;

/// <summary>The schemes that endpoints are written with.</summary>
internal static class Schemes
{
    internal const string Tcp = "tcp";
    internal const string Unix = "unix";
    internal const string Memory = "mem";
    internal const string StandardStreams = "stdio";

    internal static readonly string[] All = [Tcp, Unix, StandardStreams, Memory];
}
