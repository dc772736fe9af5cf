using System.CommandLine;
using System.Text;
using Parley.Cli.Output;

namespace Parley.Cli.Commands;

/// <summary><c>parley inspect</c>: what can be seen of a message queue or a FIFO without using it.</summary>
internal static class InspectCommand
{
    internal static Command Build()
    {
        Argument<string> endPoint = NamedObjectArgument.Create();
        var json = new Option<bool>("--json") { Description = "One JSON object a line" };
        var command = new Command("inspect", "Look at a message queue, a FIFO, or both of a pair; nobody notices") { endPoint, json, Verbosity.QuietOption() };
        HelpWithExamples.Attach(command, """
            parley inspect mq:/orders                       how many messages wait, of how many, owner, permissions
            parley inspect fifo:/tmp/log                    type, permissions, owner
            parley inspect fifo:/tmp/log --json             for scripts
            """);
        command.SetAction(parsed =>
        {
            IReadOnlyList<NamedObjectStatus> all = NamedObject.Inspect(NamedObjectArgument.Get(parsed, endPoint));
            using Stream output = Console.OpenStandardOutput();
            foreach (NamedObjectStatus status in all)
                output.Write(Encoding.UTF8.GetBytes((parsed.GetValue(json) ? NamedObjectText.Json(status) : NamedObjectText.Line(status)) + "\n"));
            return ExitCode.Done;
        });
        return command;
    }
}
