using System.CommandLine;
using System.CommandLine.Help;
using Parley.Cli.Commands;
using Parley.Cli.Demo;
using Parley.Cli.Output;

namespace Parley.Cli;

/// <summary>The command as a whole: its verbs, and what becomes of wrong usage and of failures.</summary>
internal static class ParleyCommand
{
    internal static int Run(string[] arguments)
    {
        ProgramWords program = ProgramWords.TakeFrom(ref arguments);
        Command root = Build(program);
        ParseResult parsed = root.Parse(arguments, new ParserConfiguration { EnablePosixBundling = false, ResponseFileTokenReplacer = null });
        if (parsed.Errors.Count > 0 && !HelpWithExamples.IsAskedFor(parsed))
            return UsageError.Print(parsed);

        StandardError.IsQuiet = Verbosity.IsQuietAsked(parsed);
        try
        {
            // Signals are the verbs' own affair: a server drains, a client ends.
            // And help goes straight to the stream: Console.Out would set the terminal up first, with a thread for its signals.
            using var output = new StandardOutput();
            return parsed.Invoke(new InvocationConfiguration { EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = null, Output = output });
        }
        catch (Exception failure) when (Failure.TryReport(failure, out int exitCode))
        {
            return exitCode;
        }
    }

    private static Command Build(ProgramWords program)
    {
        // Not a RootCommand, which would call itself after the file it was started from.
        var root = new Command("parley", "Lets two processes talk, over TCP, Unix sockets, pipes, message queues, shared memory and brokers, whatever program is on the other end.")
        {
            new HelpOption { Recursive = true },
            new VersionOption(),
            ServeCommand.Build(program),
            ConnectCommand.Build(program),
            ListenCommand.Build(),
            RelayCommand.Build(program),
            SendCommand.Build(program),
            ReceiveCommand.Build(program),
            PingCommand.Build(),
            CreateCommand.Build(),
            InspectCommand.Build(),
            RemoveCommand.Build(),
            ListCommand.Build(),
            DemoCommand.Build(),
            DemoClientCommand.Build(program),
            MessageMeasureCommand.Build(),
        };
        root.Subcommands.Add(HelpCommand.Build(root));
        HelpWithExamples.Attach(root, """
            parley serve                                 the tutorial's server, on tcp://127.0.0.1:5000
            parley connect                               the tutorial's client
            parley demo                                  every channel once, between two processes
            parley listen unix:/tmp/in.sock > file       take what one client sends
            parley connect unix:/tmp/in.sock < file      send a file there
            parley send mq:/orders 'a message'           put a message into a queue
            """);
        return root;
    }
}
