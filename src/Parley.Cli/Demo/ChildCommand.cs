using System.Diagnostics;

namespace Parley.Cli.Demo;

/// <summary>This very command, started as another process.</summary>
internal sealed class ChildCommand : IAsyncDisposable
{
    private const string Ready = "listening on ";

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly Process _process;

    private ChildCommand(Process process) => _process = process;

    internal int ProcessId => _process.Id;

    /// <summary>Starts a server and waits until it is ready.</summary>
    /// <returns>The server and the endpoint that it says it listens on.</returns>
    internal static async Task<(ChildCommand Server, string EndPoint)> StartServerAsync(params string[] arguments)
    {
        var server = new ChildCommand(Start(arguments));
        string? line = await server._process.StandardError.ReadLineAsync().WaitAsync(Patience);
        if (line?.StartsWith(Ready, StringComparison.Ordinal) == true)
            return (server, line[Ready.Length..]);
        await server.DisposeAsync();
        throw new IOException(line ?? "the server ended before it was ready");
    }

    /// <summary>Runs a client to its end.</summary>
    /// <returns>What it printed.</returns>
    internal static async Task<string> RunAsync(params string[] arguments)
    {
        await using var client = new ChildCommand(Start(arguments));
        client._process.StandardInput.Close();
        Task<string> errors = client._process.StandardError.ReadToEndAsync();
        string printed = await client._process.StandardOutput.ReadToEndAsync().WaitAsync(Patience);
        await client._process.WaitForExitAsync().WaitAsync(Patience);
        return client._process.ExitCode == 0 ? printed : throw new IOException((await errors).Trim());
    }

    /// <summary>What a process that was started as a server prints until its end.</summary>
    internal Task<string> ReadToEndAsync() => _process.StandardOutput.ReadToEndAsync().WaitAsync(Patience);

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            _process.Kill();
            await _process.WaitForExitAsync();
        }

        _process.Dispose();
    }

    private static Process Start(string[] arguments)
    {
        string self = Environment.ProcessPath ?? throw new IOException("the command does not know where it was started from");
        var start = new ProcessStartInfo(self)
        {
            UseShellExecute = false,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        if (Path.GetFileNameWithoutExtension(self) == "dotnet")
            start.ArgumentList.Add(Path.Combine(AppContext.BaseDirectory, "Parley.Cli.dll"));
        foreach (string argument in arguments)
            start.ArgumentList.Add(argument);
        return Process.Start(start) ?? throw new IOException($"cannot start {self}");
    }
}
