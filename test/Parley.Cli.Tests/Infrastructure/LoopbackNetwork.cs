using System.Globalization;

namespace Parley.Cli.Tests;

/// <summary>A network of its own where groups are reached through the loopback, and nothing else is there. It ends with the test.</summary>
internal sealed class LoopbackNetwork : IAsyncDisposable
{
    private const string Ready = "ready\n";

    private readonly ChildProcess _holder;

    private LoopbackNetwork(ChildProcess holder) => _holder = holder;

    public static async Task<LoopbackNetwork> OpenAsync()
    {
        Programs.RequireRoot("a network namespace");
        Programs.Require("ip");
        Programs.Require("nsenter");
        ChildProcess holder = ChildProcess.Start(
            [Programs.Require("unshare"), "--net", "sh", "-c", $"ip link set lo up && ip route add 224.0.0.0/4 dev lo && echo {Ready.TrimEnd()} && exec cat"]);
        try
        {
            await holder.WaitForOutputAsync(Ready.Length);
            return new LoopbackNetwork(holder);
        }
        catch
        {
            await holder.DisposeAsync();
            throw;
        }
    }

    /// <summary>Starts the command there, and waits until it listens.</summary>
    public Task<ListeningCommand> ListenAsync(params string[] arguments) => ListeningCommand.WhenReadyAsync(Start(arguments));

    /// <summary>Runs the command there.</summary>
    public async Task<CommandResult> RunAsync(params string[] arguments)
    {
        await using ChildProcess process = Start(arguments);
        process.CloseInput();
        return await process.EndAsync();
    }

    public ValueTask DisposeAsync() => _holder.DisposeAsync();

    private ChildProcess Start(string[] arguments) => ChildProcess.Start(
        [Programs.Require("nsenter"), string.Create(CultureInfo.InvariantCulture, $"--net=/proc/{_holder.Id}/ns/net"), .. CommandFiles.Words, .. arguments]);
}
