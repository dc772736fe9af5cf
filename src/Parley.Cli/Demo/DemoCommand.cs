using System.CommandLine;

namespace Parley.Cli.Demo;

/// <summary><c>parley demo</c>: every channel once, between two processes.</summary>
internal static class DemoCommand
{
    internal static Command Build()
    {
        var json = new Option<bool>("--json") { Description = "One JSON object a line instead of the table" };
        var command = new Command("demo", "Every channel once: a server process, a client process, the tutorial's message") { json };
        HelpWithExamples.Attach(command, """
            parley demo                  a table, in colour on a terminal
            parley demo --json           the same for programs
            """);
        command.SetAction(async (parsed, _) =>
        {
            IDemoDisplay display = parsed.GetValue(json) ? new JsonDemoDisplay() : DemoDisplays.Create();
            string folder = Directory.CreateTempSubdirectory("parley-demo-").FullName;
            try
            {
                var run = new DemoRun(folder);
                DemoRow[] rows = await display.ShowAsync(DemoChannel.All, run.RunAsync);
                return Array.TrueForAll(rows, static row => row.Succeeded) ? ExitCode.Done : ExitCode.Failed;
            }
            finally
            {
                Directory.Delete(folder, recursive: true);
            }
        });
        return command;
    }
}
