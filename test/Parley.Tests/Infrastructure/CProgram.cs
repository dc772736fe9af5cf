using System.Collections.Concurrent;
using System.Diagnostics;

namespace Parley.Tests;

/// <summary>The C programs of the <c>c</c> folder, compiled with the system's compiler, each once in a test run.</summary>
internal sealed class CProgram : IAsyncDisposable
{
    private static readonly ConcurrentDictionary<string, Lazy<Task<string>>> Compiled = new(StringComparer.Ordinal);
    private static readonly TestFolder Folder = RunFolder();

    private readonly Process _process;
    private readonly Task<string> _output;
    private readonly Task<string> _error;

    private CProgram(Process process)
    {
        _process = process;
        _output = process.StandardOutput.ReadToEndAsync();
        _error = process.StandardError.ReadToEndAsync();
    }

    public static async Task<CProgram> StartAsync(string name, params string[] arguments) => new(Start(await PathOfAsync(name), arguments));

    /// <summary>Its output, once it has ended with exit code 0.</summary>
    public static async Task<string> RunAsync(string name, params string[] arguments)
    {
        await using CProgram program = await StartAsync(name, arguments);
        return await program.OutputAsync();
    }

    /// <summary>The same as a user of that number, whom nothing else belongs to.</summary>
    public static async Task<string> RunAsUserAsync(uint user, string name, params string[] arguments)
    {
        Skip.IfNot(Native.UserId == 0, "running as another user needs root");
        Skip.IfNot(File.Exists("/usr/bin/setpriv"), "setpriv is not installed");
        string id = $"{user}";
        await using var program = new CProgram(Start("setpriv", [$"--reuid={id}", $"--regid={id}", "--clear-groups", await PathOfAsync(name), .. arguments]));
        return await program.OutputAsync();
    }

    /// <summary>Starts it with standard input, and leaves standard output to the test.</summary>
    public static async Task<Process> StartTalkingAsync(string name, params string[] arguments)
    {
        var start = new ProcessStartInfo(await PathOfAsync(name), arguments) { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true };
        return Process.Start(start)!;
    }

    public async Task<string> OutputAsync()
    {
        string output = await _output.Within(Limits.Transfer);
        string error = await _error.Within();
        await _process.WaitForExitAsync().Within();
        Assert.True(_process.ExitCode == 0, $"exit code {_process.ExitCode}: {error}");
        return output;
    }

    /// <summary>What it has said when it is killed.</summary>
    public async Task<string> KillAsync()
    {
        _process.Kill();
        await _process.WaitForExitAsync().Within();
        return await _output.Within();
    }

    /// <summary>Stops it where it is, until it goes on.</summary>
    public async Task StopAsync()
    {
        const int SigStop = 19;
        Native.Kill(_process.Id, SigStop);
        await Eventually.TrueAsync(() => File.ReadAllText($"/proc/{_process.Id}/stat").Contains(") T ", StringComparison.Ordinal), "it stops");
    }

    public void GoOn()
    {
        const int SigCont = 18;
        Native.Kill(_process.Id, SigCont);
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            _process.Kill();
            await _process.WaitForExitAsync().Within();
        }

        _process.Dispose();
    }

    private static Task<string> PathOfAsync(string name)
        => Compiled.GetOrAdd(name, key => new Lazy<Task<string>>(() => CompileAsync(key))).Value;

    private static async Task<string> CompileAsync(string name)
    {
        Skip.IfNot(File.Exists("/usr/bin/cc"), "cc is not installed");
        string program = Folder[name];
        await using var compiler = new CProgram(Start(
            "/usr/bin/cc", ["-O1", "-Wall", "-Wextra", "-Werror", "-o", program, Path.Combine(AppContext.BaseDirectory, "c", name + ".c")]));
        await compiler.OutputAsync();
        return program;
    }

    private static Process Start(string program, string[] arguments)
    {
        var start = new ProcessStartInfo(program) { RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (string argument in arguments)
            start.ArgumentList.Add(argument);
        return Process.Start(start)!;
    }

    private static TestFolder RunFolder()
    {
        var folder = new TestFolder();
        File.SetUnixFileMode(folder.Path, File.GetUnixFileMode(folder.Path) | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute);
        AppDomain.CurrentDomain.ProcessExit += (_, _) => folder.Dispose();
        return folder;
    }
}
