using System.CommandLine;
using System.Net;

namespace Parley.Cli.Commands;

/// <summary><c>parley create</c>: makes a FIFO, or a pair of them.</summary>
internal static class CreateCommand
{
    internal static Command Build()
    {
        Argument<string> endPoint = NamedObjectArgument.Create();
        Option<UnixFileMode?> mode = ModeOption.Create("Its permissions, in octal, whatever the umask (default 0600: this user only)");
        var command = new Command("create", "Make a FIFO, or both of a pair") { endPoint, mode, Verbosity.QuietOption() };
        HelpWithExamples.Attach(command, """
            parley create fifo:/tmp/log                     for this user alone
            parley create fifo:/tmp/in --mode 0622          anybody may write, only this user read
            parley create fifo:/tmp/there:/tmp/back         a pair, for a conversation
            parley create fifo:there:./back                 its second path begins with /, ./ or ../
            """);
        command.SetAction(parsed =>
        {
            EndPoint named = NamedObjectArgument.Get(parsed, endPoint);
            var options = new NamedObjectOptions();
            if (parsed.GetValue(mode) is UnixFileMode chosen)
                options.Mode = chosen;
            NamedObject.Create(named, options);
            return ExitCode.Done;
        });
        return command;
    }
}
