using System.CommandLine;

namespace Parley.Cli.Commands;

/// <summary><c>--follow</c>, where a FIFO can be read.</summary>
internal static class FollowOption
{
    internal static Option<bool> Create() => new("--follow") { Description = "Read writer after writer of a FIFO: the last one's end is no end. connect waits for no first writer then, and takes no --timeout" };
}
