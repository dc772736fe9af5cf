using System.CommandLine;
using System.Net;

namespace Parley.Cli.Commands;

/// <summary>The endpoint of something that is there though nobody uses it.</summary>
internal static class NamedObjectArgument
{
    private const string Forms = "mq:/name, amqp://host?queue=name, fifo:/path, fifo:/in:/out (or fifo:in:./out), shm:name";

    internal static Argument<string> Create() => EndPointArgument.Required("ENDPOINT", "Its name", Forms);

    internal static EndPoint Get(ParseResult parsed, Argument<string> argument)
    {
        EndPoint endPoint = EndPointArgument.Get(parsed, argument);
        return NamedObject.IsNamed(endPoint)
            ? endPoint
            : throw new UsageException($"{ParleyEndPoint.Format(endPoint)} is nothing to {parsed.CommandResult.Command.Name}", $"what has a name of its own: {Forms}");
    }
}
