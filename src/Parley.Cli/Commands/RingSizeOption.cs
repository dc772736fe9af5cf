using System.CommandLine;
using System.Net;

namespace Parley.Cli.Commands;

/// <summary><c>--ring-size</c>.</summary>
internal static class RingSizeOption
{
    private const string Name = "--ring-size";
    private const int Least = 4096;
    private const int Most = 1 << 30;

    internal static Option<int?> Create() => TextOption.Create(
        Name,
        "Shared memory: bytes of the ring of each direction, a power of two such as 64k or 16M (default 2M, of messages 1M, or what the server gives)",
        "SIZE",
        Parse,
        $"is no power of two from {Least} to {Most}; {SizeText.Suffixes}");

    /// <exception cref="UsageException">It has no place there.</exception>
    internal static int? Get(ParseResult parsed, Option<int?> option, params EndPoint[] endPoints)
    {
        if (parsed.GetValue(option) is not int size)
            return null;
        if (!Array.Exists(endPoints, static endPoint => endPoint is SharedMemoryEndPoint))
            throw new UsageException($"{Name} is for shared memory, not for {ParleyEndPoint.Format(endPoints[0])}");
        return size;
    }

    private static int? Parse(string text) => SizeText.TryParse(text, out long size) && size is >= Least and <= Most && long.IsPow2(size) ? (int)size : null;
}
