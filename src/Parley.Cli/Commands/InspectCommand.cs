using System.CommandLine;
using System.Net;
using Parley.Cli.Output;

namespace Parley.Cli.Commands;

/// <summary><c>parley inspect</c>: what can be seen of a message queue, a FIFO or a name in shared memory without using it.</summary>
internal static class InspectCommand
{
    internal static Command Build()
    {
        Argument<string> endPoint = NamedObjectArgument.Create();
        var broker = new BrokerSettings();
        var access = new AccessSettings("servers");
        var json = new Option<bool>("--json") { Description = "One JSON object a line" };
        var command = new Command("inspect", "Look at a message queue, a FIFO, both of a pair, or a name in shared memory; nobody notices") { endPoint, json, Verbosity.QuietOption() };
        broker.AddTo(command);
        access.AddTo(command);
        HelpWithExamples.Attach(command, """
            parley inspect mq:/orders                       how many messages wait, of how many, owner, permissions
            parley inspect fifo:/tmp/log                    type, permissions, owner
            parley inspect fifo:/tmp/log --json             for scripts
            parley inspect shm:demo                         who is connected, what waits, how often each side slept
            parley inspect 'amqp://host?queue=orders'       how many messages wait on the broker, and how many receive
            """);
        command.SetAction(parsed =>
        {
            EndPoint named = NamedObjectArgument.Get(parsed, endPoint);
            broker.Use(parsed, named);
            AccessRules? rules = access.Get(parsed, named);
            if (rules is not null && named is not SharedMemoryEndPoint)
                throw new UsageException($"--allow and --deny are about the server of a name in shared memory; nobody is asked at {ParleyEndPoint.Format(named)}");
            IReadOnlyList<NamedObjectStatus> all = NamedObject.Inspect(named, rules);
            foreach (NamedObjectStatus status in all)
                StandardOutput.PrintLine(parsed.GetValue(json) ? NamedObjectText.Json(status) : NamedObjectText.Line(status));
            return ExitCode.Done;
        });
        return command;
    }
}
