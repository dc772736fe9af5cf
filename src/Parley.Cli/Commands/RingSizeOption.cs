using System.CommandLine;
using System.Net;

namespace Parley.Cli.Commands;

/// <summary><c>--ring-size</c>.</summary>
internal static class RingSizeOption
{
    private const int Least = 4096;
    private const int Most = 1 << 30;

    internal static Option<int?> Create() => NumberOption.Create(
        "--ring-size", "Shared memory: bytes of the ring of each direction, a power of two (default 2097152, of messages 1048576, or what the server gives)", 1);

    /// <exception cref="UsageException">It has no place there, or is no size of a ring.</exception>
    internal static int? Get(ParseResult parsed, Option<int?> option, params EndPoint[] endPoints)
    {
        if (parsed.GetValue(option) is not int size)
            return null;
        if (!Array.Exists(endPoints, static endPoint => endPoint is SharedMemoryEndPoint))
            throw new UsageException($"--ring-size is for shared memory, not for {ParleyEndPoint.Format(endPoints[0])}");
        return size is >= Least and <= Most && int.IsPow2(size)
            ? size
            : throw new UsageException($"--ring-size: {size} is no power of two from {Least} to {Most}");
    }
}
