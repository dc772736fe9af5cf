using System.CommandLine;

namespace Parley.Cli.Commands;

/// <summary><c>parley remove</c>: removes a message queue, or a FIFO and nothing else of that name.</summary>
internal static class RemoveCommand
{
    internal static Command Build()
    {
        Argument<string> endPoint = NamedObjectArgument.Create();
        var command = new Command("remove", "Remove a message queue, a FIFO, or both of a pair; whoever has it open goes on") { endPoint, Verbosity.QuietOption() };
        HelpWithExamples.Attach(command, """
            parley remove mq:/orders                        with the messages in it
            parley remove fifo:/tmp/log                     a file or folder of that name is left alone
            """);
        command.SetAction(parsed =>
        {
            NamedObject.Remove(NamedObjectArgument.Get(parsed, endPoint));
            return ExitCode.Done;
        });
        return command;
    }
}
