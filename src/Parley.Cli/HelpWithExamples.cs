using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;
using Parley.Cli.Interop;

namespace Parley.Cli;

/// <summary>Adds examples to a verb's help.</summary>
internal static class HelpWithExamples
{
    /// <summary>Makes `--help` of a command end with examples, one a line.</summary>
    internal static void Attach(Command command, string examples)
    {
        HelpOption? help = command.Options.OfType<HelpOption>().FirstOrDefault();
        if (help is null)
        {
            help = new HelpOption();
            command.Options.Add(help);
        }

        help.Action = new Action((HelpAction)help.Action!, examples);
    }

    internal static bool IsAskedFor(ParseResult parsed) => parsed.Action is Action;

    private sealed class Action(HelpAction standard, string examples) : SynchronousCommandLineAction
    {
        public override int Invoke(ParseResult parseResult)
        {
            TextWriter output = parseResult.InvocationConfiguration.Output;
            using var text = new StringWriter();

            // Asked for it itself, it would have the runtime set the terminal up, which nobody undoes.
            standard.MaxWidth = InheritedDescriptor.StandardOutput.Columns() is var columns and > 0 ? columns : int.MaxValue;
            parseResult.InvocationConfiguration.Output = text;
            int exitCode = standard.Invoke(parseResult);
            parseResult.InvocationConfiguration.Output = output;
            output.Write(MarkOptional(text.ToString(), parseResult.CommandResult.Command));
            output.WriteLine("Examples:");
            foreach (string line in examples.Split('\n'))
                output.WriteLine("  " + line);
            output.WriteLine();
            output.WriteLine("Exit codes: 0 done, 1 failed, 2 wrong usage, 3 could not bind or connect, 4 timed out, 5 broken off, 6 refused for security, 130 interrupted");
            return exitCode;
        }

        // The list of verbs is printed with every argument as if it were required. Brackets are as wide, so the columns stay.
        private static string MarkOptional(string text, Command command)
        {
            foreach (Command verb in command.Subcommands)
            {
                string required = string.Concat(verb.Arguments.Select(static argument => $" <{argument.Name}>"));
                string real = string.Concat(verb.Arguments.Select(
                    static argument => argument.Arity.MinimumNumberOfValues == 0 ? $" [{argument.Name}]" : $" <{argument.Name}>"));
                text = text.Replace($"  {verb.Name}{required} ", $"  {verb.Name}{real} ", StringComparison.Ordinal);
            }

            return text;
        }
    }
}
