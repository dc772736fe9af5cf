using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace Parley.Cli.Tests.Guide;

/// <summary>Every command of the guide does what the guide says, when pasted in order into a shell.</summary>
public sealed partial class GuideTests : IDisposable
{
    private const string Prompt = "$ ";
    private const string Marker = "@@@ ";

    // Each rabbitmqctl starts a virtual machine of its own.
    private static readonly TimeSpan LimitWithBroker = TimeSpan.FromMinutes(5);

    private readonly TestFolder _folder = new();

    public static TheoryData<string> Pages => [.. Directory.GetFiles(GuideFolder, "*.md").Select(path => Path.GetFileName(path))];

    private static string GuideFolder => Path.Combine(AppContext.BaseDirectory, "guide");

    public void Dispose() => _folder.Dispose();

    [SkippableTheory]
    [MemberData(nameof(Pages))]
    public async Task Page_PastedIntoAShell_PrintsWhatItSays(string page)
    {
        string bash = Programs.Require("bash");
        string text = await File.ReadAllTextAsync(Path.Combine(GuideFolder, page));
        GuideCommand[] commands = [.. Read(text)];
        Assert.NotEmpty(commands);
        await WriteParleyAsync();
        bool hasNetwork = commands.Any(static command => command.Line.StartsWith("ip netns", StringComparison.Ordinal));
        string[] place = hasNetwork ? await NetworkNamespace.WithNamesOfItsOwnAsync() : [];
        if (commands.Any(static command => command.Line.StartsWith("openssl", StringComparison.Ordinal)))
            Programs.Require("openssl");
        await using GuideBroker? broker = GuideBroker.IsFor(text) ? await GuideBroker.StartAsync(_folder) : null;
        string script = Script(commands);

        // A shell at a terminal has SIGPIPE as it was; what the test runner starts has it ignored.
        await using ChildProcess shell = ChildProcess.Start([.. place, "env", "--default-signal=PIPE", bash, "-c", broker?.ToOwn(script) ?? script]);
        shell.CloseInput();
        CommandResult result = await shell.EndAsync(broker is null ? Limits.Transfer : LimitWithBroker);

        string output = Encoding.UTF8.GetString(result.Output);
        string[] printed = (broker?.ToPage(output) ?? output).Split(Marker)[1..];
        Assert.Equal(commands.Length, printed.Length);
        for (int i = 0; i < commands.Length; i++)
        {
            string actual = printed[i][(printed[i].IndexOf('\n', StringComparison.Ordinal) + 1)..];
            Assert.True(
                Comparable(commands[i].Output).SequenceEqual(Comparable(actual), StringComparer.Ordinal),
                $"{page}: $ {commands[i].Line}\nsays\n{commands[i].Output}and printed\n{actual}");
        }
    }

    private static IEnumerable<GuideCommand> Read(string page)
    {
        foreach (Match block in ConsoleBlocks().Matches(page))
        {
            string? command = null;
            var output = new StringBuilder();
            foreach (string line in block.Groups[1].Value.Split('\n', StringSplitOptions.RemoveEmptyEntries))
            {
                if (!line.StartsWith(Prompt, StringComparison.Ordinal))
                {
                    output.Append(line).Append('\n');
                    continue;
                }

                if (command is not null)
                    yield return new GuideCommand(command, output.ToString());
                command = line[Prompt.Length..];
                output.Clear();
            }

            if (command is not null)
                yield return new GuideCommand(command, output.ToString());
        }
    }

    // Paths in /tmp are this test's own, so that two runs beside each other do not meet.
    private string Script(GuideCommand[] commands)
    {
        var script = new StringBuilder("exec 2>&1\nPATH=" + _folder.Path + ":$PATH\ncd " + _folder.Path + "\n");
        for (int i = 0; i < commands.Length; i++)
            script.Append(CultureInfo.InvariantCulture, $"echo '{Marker}{i}'\n{commands[i].Line.Replace("/tmp/", _folder.Path + "/", StringComparison.Ordinal)}\n");
        return script.Replace($"{_folder.Path}/CoreFxPipe_", "/tmp/CoreFxPipe_").ToString();
    }

    private async Task WriteParleyAsync()
    {
        string path = _folder["parley"];
        await File.WriteAllTextAsync(path, $"#!/bin/sh\nexec {Command.Shell()} \"$@\"\n");
        File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
    }

    /// <summary>Numbers differ from run to run, and a line that only a number tells from the one before it may come again.</summary>
    private string[] Comparable(string output)
    {
        string[] lines = [.. output
            .Replace(_folder.Path + "/", "/tmp/", StringComparison.Ordinal)
            .Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Where(line => !line.StartsWith("listening on ", StringComparison.Ordinal))
            .Select(line => Measures().Replace(line, "N"))];
        return [.. lines.Where((line, i) => i == 0 || line != lines[i - 1])];
    }

    [GeneratedRegex("^```console\n(.*?)^```", RegexOptions.Multiline | RegexOptions.Singleline, matchTimeoutMilliseconds: 10_000)]
    private static partial Regex ConsoleBlocks();

    [GeneratedRegex(@"\d[\d.:]* ?(KiB|MiB|B|ms|µs|s)?(/s)?\b", RegexOptions.None, matchTimeoutMilliseconds: 10_000)]
    private static partial Regex Measures();

    private sealed record GuideCommand(string Line, string Output);
}
