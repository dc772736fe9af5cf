using System.Net.Sockets;
using Parley.Cli.Tests.Messages;
using static Parley.Cli.Tests.Payload;

namespace Parley.Cli.Tests.Faults;

/// <summary>SIGHUP, which a terminal that is closed sends, ends as SIGTERM does; and the signal of a file that may not grow ends nothing.</summary>
public sealed class HangUpTests : IDisposable
{
    private readonly TestFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [SkippableFact]
    public async Task Receive_HangUpWhileItPrints_PutsTheMessageBack()
    {
        SkipWhereIgnored();
        // More than a pipe holds that nobody reads.
        const int Messages = 9;
        const int Size = 8000;
        using TestQueue queue = await TestQueue.CreateAsync(capacity: 10, messageSize: Size);
        await using ChildProcess receive = Command.Start(new Launch("receive", queue.Endpoint) { CollectOutput = false });
        await queue.PutAsync([.. Enumerable.Range(1, Messages).Select(static number => new string((char)('0' + number), Size))]);
        await QueueTests.EventuallyCountsAsync(queue, 0);

        receive.Send(Signal.HangUp);

        CommandResult result = (await receive.EndAsync()).MustExit(0);
        Assert.Contains($"a message of {Size} bytes was put back", result.Error, StringComparison.Ordinal);
        Assert.Equal(new string('9', Size) + "\n", await queue.TakeAsync());
    }

    [SkippableFact]
    public async Task Listen_HangUp_LeavesNoPathBehind()
    {
        SkipWhereIgnored();
        string path = _folder["s"];
        await using ListeningCommand server = await Command.ListenAsync("listen", $"unix:{path}");

        (await server.StopAsync(Signal.HangUp)).MustExit(130);

        Assert.Empty(Directory.EnumerateFileSystemEntries(_folder.Path));
    }

    /// <summary>A terminal and its shell may both send it.</summary>
    [SkippableFact]
    public async Task Serve_HangUpTwice_FinishesWhatGoesOn()
    {
        SkipWhereIgnored();
        WriteFile(_folder["file"], 32 * Megabyte);
        await using ListeningCommand server = await Command.ListenAsync(
            "serve", $"unix:{_folder["s"]}", "--file", _folder["file"], "--drain-timeout", "60");
        using Socket held = await RawSocket.ConnectAsync(server.Endpoint);
        await RawSocket.ReadExactlyAsync(held, 1);

        server.Process.Send(Signal.HangUp);
        await Eventually.TrueAsync(() => !File.Exists(_folder["s"]), "no listener any more");
        server.Process.Send(Signal.HangUp);

        Assert.Equal((32 * Megabyte) - 1, (await RawSocket.ReadToEndAsync(held)).Length);
        held.Close();
        (await server.EndAsync()).MustExit(0);
    }

    [Fact]
    public async Task Serve_HangUpThatWasIgnoredFromTheStart_GoesOn()
    {
        await using ListeningCommand server = await ListeningCommand.WhenReadyAsync(
            Command.StartScript($"trap '' HUP; exec {Command.Shell("serve", "tcp://127.0.0.1:0")}"));
        Assert.True(ProcFs.Ignores(server.Process.Id, Signal.HangUp));

        server.Process.Send(Signal.HangUp);

        Assert.Equal(ServerMessage, await RawSocket.ReceiveFromAsync(server.Endpoint));
        (await server.StopAsync()).MustExit(0);
    }

    [SkippableFact]
    public async Task Receive_FileOverItsLimit_SaysSoAndPutsTheMessageBack()
    {
        using TestQueue queue = await TestQueue.CreateAsync();
        string[] messages = [.. Enumerable.Range(1, 4).Select(static number => new string((char)('0' + number), 299))];
        await queue.PutAsync(messages);

        // The runtime has its code in a file that the limit is for as well, but for this variable.
        await using ChildProcess script = Command.StartScript(
            $"ulimit -f 2; export DOTNET_EnableWriteXorExecute=0; exec {Command.Shell("receive", queue.Endpoint)} > {_folder["file"]}");
        CommandResult result = (await script.EndAsync()).MustExit(1);

        Assert.Contains("parley: cannot write to standard output: file too large (EFBIG)\n", result.Error, StringComparison.Ordinal);
        Assert.Contains("a message of 299 bytes was put back", result.Error, StringComparison.Ordinal);
        Assert.Equal(messages[3] + "\n", await queue.TakeAsync());
    }

    // What these tests start inherits that, and has it so for good reason.
    private static void SkipWhereIgnored()
        => Skip.If(ProcFs.Ignores(Environment.ProcessId, Signal.HangUp), "SIGHUP is ignored here from the start, as nohup has it");
}
