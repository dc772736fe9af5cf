using System.Globalization;
using System.Text.RegularExpressions;

namespace Parley.Cli.Tests;

/// <summary>A command that has said where it listens.</summary>
internal sealed class ListeningCommand : IAsyncDisposable
{
    private ListeningCommand(ChildProcess process, string endpoint)
    {
        Process = process;
        Endpoint = endpoint;
    }

    public ChildProcess Process { get; }

    /// <summary>The endpoint as the readiness line says it, with the real port.</summary>
    public string Endpoint { get; }

    public int Port => int.Parse(Endpoint[(Endpoint.LastIndexOf(':') + 1)..], CultureInfo.InvariantCulture);

    /// <summary>What stands on standard error after the readiness line.</summary>
    public string[] Messages =>
        [.. Process.ErrorSoFar.Split('\n', StringSplitOptions.RemoveEmptyEntries).Where(line => !line.StartsWith("listening on ", StringComparison.Ordinal))];

    public static async Task<ListeningCommand> WhenReadyAsync(ChildProcess process)
    {
        Match ready = await process.WaitForErrorAsync(@"^listening on (\S+)\n");
        return new ListeningCommand(process, ready.Groups[1].Value);
    }

    public Task<CommandResult> EndAsync(TimeSpan? limit = null) => Process.EndAsync(limit);

    public Task<CommandResult> StopAsync(Signal signal = Signal.Terminate)
    {
        Process.Send(signal);
        return Process.EndAsync();
    }

    public ValueTask DisposeAsync() => Process.DisposeAsync();
}
