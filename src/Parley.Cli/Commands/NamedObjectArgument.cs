using System.CommandLine;
using System.Net;

namespace Parley.Cli.Commands;

/// <summary>The endpoint of something that is there though nobody uses it.</summary>
internal static class NamedObjectArgument
{
    private const string MadeForms = "mq:/name, amqp://host?queue=name, fifo:/path, fifo:/in:/out (or fifo:in:./out)";
    private const string Forms = MadeForms + ", shm:name";

    internal static Argument<string> Create() => EndPointArgument.Required("ENDPOINT", "Its name", Forms);

    /// <summary>Of what somebody makes before it is used.</summary>
    internal static Argument<string> CreateMade() => EndPointArgument.Required("ENDPOINT", "Its name", MadeForms);

    internal static EndPoint GetMade(ParseResult parsed, Argument<string> argument)
    {
        EndPoint endPoint = EndPointArgument.Get(parsed, argument);
        return endPoint is SharedMemoryEndPoint
            ? throw new UsageException("shared memory is made by who listens on its name, and is gone with the last who uses it", $"listen with: parley serve {ParleyEndPoint.Format(endPoint)}")
            : Check(parsed, endPoint, MadeForms);
    }

    internal static EndPoint Get(ParseResult parsed, Argument<string> argument) => Check(parsed, EndPointArgument.Get(parsed, argument), Forms);

    private static EndPoint Check(ParseResult parsed, EndPoint endPoint, string forms)
        => NamedObject.IsNamed(endPoint)
            ? endPoint
            : throw new UsageException($"{ParleyEndPoint.Format(endPoint)} is nothing to {parsed.CommandResult.Command.Name}", $"what has a name of its own: {forms}");
}
