using System.CommandLine;
using Parley.Cli.Output;

namespace Parley.Cli.Commands;

/// <summary><c>parley list</c>: this user's message queues and names in shared memory.</summary>
internal static class ListCommand
{
    private const string ForBroker = "AMQP has no way to list queues: rabbitmqctl list_queues does on the broker's machine, and one alone is shown by parley inspect";

    internal static Command Build()
    {
        var json = new Option<bool>("--json") { Description = "One JSON object a line" };
        var endPoint = new Argument<string?>("ENDPOINT") { Hidden = true, Arity = ArgumentArity.ZeroOrOne };
        var command = new Command("list", "List this user's message queues and names in shared memory; what cannot be listed is said, and why") { endPoint, json, Verbosity.QuietOption() };
        HelpWithExamples.Attach(command, """
            parley list                                     each as inspect shows it
            parley list --json                              for scripts
            rabbitmqctl list_queues                         those of a broker: AMQP has no way to list them
            """);
        command.SetAction(parsed =>
        {
            if (parsed.GetValue(endPoint) is { } one)
                throw new UsageException($"list takes no endpoint, but {PlainText.OneLine(one)} is one", one.StartsWith("amqp", StringComparison.Ordinal) ? ForBroker : "one alone is shown by: parley inspect ENDPOINT");
            NamedObjectList list = NamedObject.List();
            foreach (NamedObjectStatus status in list.Objects)
                StandardOutput.PrintLine(parsed.GetValue(json) ? NamedObjectText.Json(status) : NamedObjectText.Line(status));
            foreach (string unlisted in list.Unlisted)
                StandardError.WriteLine("parley: " + PlainText.OneLine(unlisted));

            // Most systems have no file system of queues mounted, and the names in shared memory were listed all the same.
            return ExitCode.Done;
        });
        return command;
    }
}
