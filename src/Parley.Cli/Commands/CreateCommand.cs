using System.CommandLine;
using System.Net;

namespace Parley.Cli.Commands;

/// <summary><c>parley create</c>: makes a message queue, a FIFO, or a pair of them.</summary>
internal static class CreateCommand
{
    internal static Command Build()
    {
        Argument<string> endPoint = NamedObjectArgument.Create();
        Option<UnixFileMode?> mode = ModeOption.Create("Its permissions, in octal, whatever the umask (default 0600: this user only)");
        Option<int?> capacity = NumberOption.Create("--capacity", "How many messages wait in a queue at most (default: the system's, usually 10)", 1);
        Option<int?> messageSize = NumberOption.Create("--message-size", "The longest message of a queue, in bytes (default: the system's, usually 8192)", 1);
        var command = new Command("create", "Make a message queue, a FIFO, or both of a pair") { endPoint, capacity, messageSize, mode, Verbosity.QuietOption() };
        HelpWithExamples.Attach(command, """
            parley create mq:/orders                        a queue, for this user alone
            parley create mq:/orders --capacity 5 --message-size 1000 --mode 0622
            parley create fifo:/tmp/log                     for this user alone
            parley create fifo:/tmp/in --mode 0622          anybody may write, only this user read
            parley create fifo:/tmp/there:/tmp/back         a pair, for a conversation
            parley create fifo:there:./back                 its second path begins with /, ./ or ../
            """);
        command.SetAction(parsed =>
        {
            EndPoint named = NamedObjectArgument.Get(parsed, endPoint);
            var options = new NamedObjectOptions { Capacity = parsed.GetValue(capacity), MessageSize = parsed.GetValue(messageSize) };
            if (named is not MessageQueueEndPoint && (options.Capacity ?? options.MessageSize) is not null)
            {
                throw new UsageException(
                    $"{(options.Capacity is null ? "--message-size" : "--capacity")} is for a queue; {ParleyEndPoint.Format(named)} carries bytes", "for example: parley create mq:/orders --capacity 10");
            }

            if (parsed.GetValue(mode) is UnixFileMode chosen)
                options.Mode = chosen;
            NamedObject.Create(named, options);
            return ExitCode.Done;
        });
        return command;
    }
}
