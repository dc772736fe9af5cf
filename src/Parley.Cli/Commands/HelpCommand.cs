using System.CommandLine;

namespace Parley.Cli.Commands;

/// <summary><c>parley help</c>: the same as <c>--help</c>, for those who type it as a verb.</summary>
internal static class HelpCommand
{
    internal static Command Build(Command root)
    {
        var verb = new Argument<string?>("VERB") { Description = "Which verb; all of them if left out", Arity = ArgumentArity.ZeroOrOne };
        var command = new Command("help", "How the command, or one of its verbs, is used") { verb };
        HelpWithExamples.Attach(command, """
            parley help                  the verbs
            parley help connect          the same as parley connect --help
            """);
        command.SetAction(parsed =>
        {
            string? name = parsed.GetValue(verb);
            if (name is not null && root.Subcommands.All(known => known.Name != name))
            {
                string? meant = Spelling.Nearest(name, root.Subcommands.Where(static known => !known.Hidden).Select(static known => known.Name));
                throw new UsageException($"unknown verb '{name}'", meant is null ? "see: parley --help" : $"did you mean parley help {meant} ?");
            }

            return root.Parse(name is null ? ["--help"] : [name, "--help"]).Invoke(parsed.InvocationConfiguration);
        });
        return command;
    }
}
