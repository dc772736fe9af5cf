using System.Collections.Concurrent;

namespace Parley.Cli.Tests;

/// <summary>The C programs of the <c>c</c> folder, compiled with the system's compiler, each once in a test run.</summary>
internal static class CPrograms
{
    private static readonly ConcurrentDictionary<string, Lazy<Task<string>>> Compiled = new(StringComparer.Ordinal);
    private static readonly Lazy<string> Folder = new(() => RunFolder.Create("parley-c"));

    public static async Task<ChildProcess> StartAsync(string name, params string[] arguments) =>
        ChildProcess.Start([await PathOfAsync(name), .. arguments]);

    public static async Task<CommandResult> RunAsync(string name, params string[] arguments) =>
        await ChildProcess.RunAsync([await PathOfAsync(name), .. arguments]);

    /// <summary>A C server, and its endpoint with the real port once it listens.</summary>
    public static async Task<(ChildProcess Process, string Endpoint)> ListenAsync(string name, string endpoint, params string[] arguments)
    {
        ChildProcess process = await StartAsync(name, [.. Endpoints.ForC(endpoint), .. arguments]);
        return (process, await Peers.ListeningAsync(process, endpoint));
    }

    public static Task<string> PathOfAsync(string name)
    {
        string compiler = Programs.Require("cc");
        return Compiled.GetOrAdd(name, key => new Lazy<Task<string>>(() => CompileAsync(compiler, key))).Value;
    }

    private static async Task<string> CompileAsync(string compiler, string name)
    {
        string program = Path.Combine(Folder.Value, name);
        string source = Path.Combine(AppContext.BaseDirectory, "c", name + ".c");
        CommandResult result = await ChildProcess.RunAsync(compiler, "-O1", "-Wall", "-Wextra", "-Werror", "-o", program, source);
        Assert.True(result.ExitCode == 0, $"cc {name}.c: {result.Error}");
        return program;
    }
}
