using System.CommandLine;
using System.Net;

namespace Parley.Cli.Commands;

/// <summary>Endpoints as arguments. Read when the verb runs, so that a wrong one is told in Parley's words.</summary>
internal static class EndPointArgument
{
    internal const string Tutorial = "tcp://127.0.0.1:5000";

    internal const string Forms = "tcp://host:port (or host:port), tls://host:port, unix:/path, unix:@name, pipe:name, shm:name, fifo:/path, fifo:/in:/out (or fifo:in:./out)";

    internal const string Program = ", exec: with -- PROGRAM [ARGS] at the end";

    internal static Argument<string> Optional(bool mayBeProgram = false) => RefuseOptions(new("ENDPOINT")
    {
        Description = $"Where: {Forms}{(mayBeProgram ? Program : "")}; {Tutorial} if left out",
        Arity = ArgumentArity.ZeroOrOne,
    });

    internal static Argument<string> Required(string name, string description, bool mayBeProgram = false)
        => Required(name, description, Forms + (mayBeProgram ? Program : ""));

    internal static Argument<string> Required(string name, string description, string forms)
        => RefuseOptions(new(name) { Description = $"{description}: {forms}" });

    internal static EndPoint Get(ParseResult parsed, Argument<string> argument) => ParleyEndPoint.Parse(parsed.GetValue(argument) ?? Tutorial);

    // A misspelt option would otherwise be taken for a misspelt endpoint.
    private static Argument<string> RefuseOptions(Argument<string> argument)
    {
        argument.Validators.Add(static result =>
        {
            if (result.Tokens.Count > 0 && result.Tokens[0].Value is ['-', _, ..] option)
                result.AddError($"unknown option {option}");
        });
        return argument;
    }

    /// <summary>An endpoint to connect to, or a program to start.</summary>
    internal static EndPoint GetTarget(ParseResult parsed, Argument<string> argument, ProgramWords program)
        => ProgramWords.IsEndPoint(parsed.GetValue(argument)) ? program.Get($"parley {parsed.CommandResult.Command.Name} exec: -- sort") : GetRemote(parsed, argument);

    /// <summary>Where messages go to or come from: a queue, UDP, a stream, or a program to start.</summary>
    internal static EndPoint GetForMessages(ParseResult parsed, Argument<string> argument, ProgramWords program, string example)
        => ProgramWords.IsEndPoint(parsed.GetValue(argument)) ? program.Get(example) : GetRemote(parsed, argument, mayCarryMessages: true);

    /// <summary>An endpoint with another end than this process's own standard streams.</summary>
    internal static EndPoint GetRemote(ParseResult parsed, Argument<string> argument, bool mayCarryMessages = false)
        => ProgramWords.IsEndPoint(parsed.GetValue(argument)) ? throw NoProgramHere(argument) : Get(parsed, argument) switch
        {
            EndPoint endPoint when !mayCarryMessages && MessageSettings.CarriesMessages(endPoint) => throw new UsageException(
                $"{ParleyEndPoint.Format(endPoint)} carries messages, no stream of bytes",
                $"send one with: parley send {ParleyEndPoint.Format(endPoint)} MESSAGE; take them with: parley receive {ParleyEndPoint.Format(endPoint)}"),
            StandardStreamsEndPoint => throw new UsageException(
                $"{argument.Name} cannot be stdio: here", "standard input and output are the other side of connect and listen"),
            MemoryEndPoint => throw new UsageException(
                $"{argument.Name} cannot be mem: here", "a mem: endpoint lives within one process; see the library"),
            EndPoint endPoint => endPoint,
        };

    private static UsageException NoProgramHere(Argument<string> argument) => new(
        $"{argument.Name} cannot be exec: here, for each connection starts a program of its own",
        "to start one for each client: parley serve ENDPOINT --exec -- PROGRAM; to talk to one: parley connect exec: -- PROGRAM");
}
