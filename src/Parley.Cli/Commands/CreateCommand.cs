using System.CommandLine;
using System.Net;

namespace Parley.Cli.Commands;

/// <summary><c>parley create</c>: makes a message queue, a FIFO, or a pair of them.</summary>
internal static class CreateCommand
{
    internal static Command Build()
    {
        Argument<string> endPoint = NamedObjectArgument.CreateMade();
        Option<UnixFileMode?> mode = ModeOption.Create("Its permissions, in octal, whatever the umask (default 0600: this user only)");
        Option<int?> capacity = NumberOption.Create("--capacity", "How many messages wait in a queue at most (default: the system's, usually 10)", 1);
        Option<int?> messageSize = SizeOption.Create("--message-size", "The longest message of a queue, in bytes (default: the system's, usually 8k)");
        Option<int?> priorities = NumberOption.Create("--priorities", "Broker: a classic queue, on one node, with the priorities 0 to N, N up to 255 (default: a quorum queue without priorities)", 1);
        Option<int?> deliveryLimit = NumberOption.Create("--delivery-limit", "Broker: how often a message is delivered again before it goes to the queue NAME.dead (default 20)", 0);
        var broker = new BrokerSettings();
        var command = new Command("create", "Make a message queue, a FIFO, or both of a pair") { endPoint, capacity, messageSize, mode, priorities, deliveryLimit, Verbosity.QuietOption() };
        broker.AddTo(command);
        HelpWithExamples.Attach(command, """
            parley create mq:/orders                        a queue, for this user alone
            parley create mq:/orders --capacity 5 --message-size 1000 --mode 0622
            parley create 'amqp://host?queue=orders'        a quorum queue on a broker, and orders.dead for what cannot be dealt with
            parley create fifo:/tmp/log                     for this user alone
            parley create fifo:/tmp/in --mode 0622          anybody may write, only this user read
            parley create fifo:/tmp/there:/tmp/back         a pair, for a conversation
            parley create fifo:there:./back                 its second path begins with /, ./ or ../
            """);
        command.SetAction(async (parsed, _) =>
        {
            EndPoint named = NamedObjectArgument.GetMade(parsed, endPoint);
            broker.Use(parsed, named);
            if (named is AmqpEndPoint queue)
            {
                if (parsed.GetValue(mode) is not null || parsed.GetValue(messageSize) is not null)
                    throw new UsageException($"{(parsed.GetValue(mode) is null ? "--message-size" : "--mode")} is for mq:/name: a broker has one size for all messages, and users of its own");
                await broker.CreateAsync(parsed, queue, parsed.GetValue(capacity), parsed.GetValue(priorities), parsed.GetValue(deliveryLimit));
                return ExitCode.Done;
            }

            if ((parsed.GetValue(priorities) ?? parsed.GetValue(deliveryLimit)) is not null)
                throw new UsageException($"{(parsed.GetValue(priorities) is null ? "--delivery-limit" : "--priorities")} is for a broker's queue: amqp://host?queue=name");
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
