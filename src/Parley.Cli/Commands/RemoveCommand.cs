using System.CommandLine;
using System.Net;

namespace Parley.Cli.Commands;

/// <summary><c>parley remove</c>: removes a message queue, or a FIFO and nothing else of that name.</summary>
internal static class RemoveCommand
{
    internal static Command Build()
    {
        Argument<string> endPoint = NamedObjectArgument.Create();
        var broker = new BrokerSettings();
        var command = new Command("remove", "Remove a message queue, a FIFO, or both of a pair; whoever has it open goes on") { endPoint, Verbosity.QuietOption() };
        broker.AddTo(command);
        HelpWithExamples.Attach(command, """
            parley remove mq:/orders                        with the messages in it
            parley remove fifo:/tmp/log                     a file or folder of that name is left alone
            parley remove 'amqp://host?queue=orders'        with the messages in it; its dead letters stay, if there are any
            """);
        command.SetAction(parsed =>
        {
            EndPoint named = NamedObjectArgument.Get(parsed, endPoint);
            broker.Use(parsed, named);
            NamedObject.Remove(named);
            return ExitCode.Done;
        });
        return command;
    }
}
