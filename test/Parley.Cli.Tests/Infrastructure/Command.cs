namespace Parley.Cli.Tests;

/// <summary>Starts the real command as a real process.</summary>
internal static class Command
{
    public static ChildProcess Start(params string[] arguments) => Start(new Launch(arguments));

    public static ChildProcess Start(Launch launch)
    {
        var environment = new Dictionary<string, string>(launch.Environment, StringComparer.Ordinal);
        if (launch.User is not null)
        {
            // The runtime wants a home that this user can write to.
            environment["HOME"] = "/tmp";
            environment["DOTNET_CLI_HOME"] = "/tmp";
        }

        return ChildProcess.Start([.. Wrap(launch), .. launch.Arguments], environment, launch.CollectOutput);
    }

    public static Task<CommandResult> RunAsync(params string[] arguments) => RunAsync(new Launch(arguments));

    public static async Task<CommandResult> RunAsync(Launch launch)
    {
        await using ChildProcess process = Start(launch);
        Task written = process.WriteAsync(launch.Input, close: true);
        CommandResult result = await process.EndAsync(launch.Limit);
        await written.WaitAsync(Limits.Wait);
        return result;
    }

    public static Task<ListeningCommand> ListenAsync(params string[] arguments) => ListenAsync(new Launch(arguments));

    public static async Task<ListeningCommand> ListenAsync(Launch launch)
    {
        ChildProcess process = Start(launch);
        try
        {
            return await ListeningCommand.WhenReadyAsync(process);
        }
        catch
        {
            await process.DisposeAsync();
            throw;
        }
    }

    /// <summary>The command with its arguments as a shell reads them.</summary>
    public static string Shell(params string[] arguments) => string.Join(' ', CommandFiles.Words.Concat(arguments).Select(Quote));

    /// <summary>A script for <c>sh</c>, usually a pipeline around <see cref="Shell"/>.</summary>
    public static ChildProcess StartScript(string script) => ChildProcess.Start(["sh", "-c", script]);

    /// <summary>Runs a script with a terminal as its standard streams; what the terminal shows is the standard output.</summary>
    public static ChildProcess StartOnTerminal(string script, IReadOnlyDictionary<string, string>? environment = null)
    {
        string terminal = Programs.Require("script");
        var all = new Dictionary<string, string>(environment ?? new Dictionary<string, string>(StringComparer.Ordinal), StringComparer.Ordinal)
        {
            ["TERM"] = "xterm-256color",
            ["SHELL"] = "/bin/sh",
        };
        return ChildProcess.Start([terminal, "-qec", script, "/dev/null"], all);
    }

    public static string Quote(string word) => "'" + word.Replace("'", "'\\''", StringComparison.Ordinal) + "'";

    private static string[] Wrap(Launch launch)
    {
        string[] words = launch.User is null ? CommandFiles.Words : CommandFiles.PublicWords;
        if (launch.OpenFiles is { } files)
            words = [Programs.Require("prlimit"), $"--nofile={files}:{files}", .. words];
        if (launch.User is { } user)
        {
            Programs.RequireRoot("running as another user");
            words = [Programs.Require("setpriv"), $"--reuid={user}", $"--regid={user}", "--clear-groups", .. words];
        }

        if (launch.OnlyEphemeralPort is { } port)
            words = [.. NetworkNamespace.WithOnlyEphemeralPort(port), .. words];
        return words;
    }
}
