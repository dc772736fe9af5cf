using System.Text;

namespace Parley.Cli.Tests.Fifos;

/// <summary>
/// A server goes on to the next reader when the last one has gone. Where it cannot have heard that, it looks; and whoever waits for it to open
/// must not notice.
/// </summary>
public sealed class FifoLookTests : IDisposable
{
    private readonly Fifo _fifo = new();

    public void Dispose() => _fifo.Dispose();

    /// <summary>Opened to write for a moment, it would give the next one an end.</summary>
    [SkippableFact]
    public async Task Serve_OneReaderStaysBehindItsEnd_TheNextWaitsAndGetsItsWords()
    {
        string strace = Programs.Require("strace");
        await using ListeningCommand server = await Command.ListenAsync("serve", _fifo.Endpoint, "--message", "hello");
        await using FileStream first = Open(FileAccess.Read);
        Assert.Equal("hello", await ReadToEndAsync(first));
        await using ChildProcess next = _fifo.Cat();
        await Eventually.TrueAsync(() => ProcFs.IsOpening(next.Id), () => $"the next one waits: {next.Describe()}");

        // Each time that it wakes up it asks what stands at the path, and then looks, if it does.
        string log = _fifo["calls"];
        await using ChildProcess tracer = await AttachAsync(strace, server, "-o", log, "-e", "trace=statx");
        await Eventually.TrueAsync(() => CountOf(_fifo.Path, log) >= 2, () => $"two wake-ups of {server.Process.Describe()}");
        Assert.False(next.HasEnded, next.Describe());
        await first.DisposeAsync();

        Assert.Equal("hello", (await next.EndAsync()).MustExit(0).Text);
    }

    [SkippableFact]
    public async Task Serve_OneReaderGoesAndTheNextComesDuringALook_TheNextGetsItsWords()
    {
        string strace = Programs.Require("strace");
        await using ListeningCommand server = await Command.ListenAsync("serve", _fifo.Endpoint, "--message", "hello");
        await using FileStream first = Open(FileAccess.ReadWrite);
        Assert.Equal("hello", await ReadAsync(first, 5));

        // Each open takes two seconds longer from here on.
        await using ChildProcess tracer = await AttachAsync(
            strace, server, "-o", "/dev/null", "-e", "trace=openat", "-e", "inject=openat:delay_enter=2000000");
        await Eventually.TrueAsync(() => ProcFs.IsOpening(server.Process.Id), () => $"a look of {server.Process.Describe()}");
        await first.DisposeAsync();
        await using ChildProcess next = _fifo.Cat();

        Assert.Equal("hello", (await next.EndAsync()).MustExit(0).Text);
    }

    /// <summary>Then the kernel tells of both closes as of one.</summary>
    [SkippableFact]
    public async Task Serve_OneThatCouldWriteGoesWithTheServersEnd_TheNextGetsItsWords()
    {
        string strace = Programs.Require("strace");
        await using ListeningCommand server = await Command.ListenAsync("serve", _fifo.Endpoint, "--message", "hello");
        await using FileStream first = Open(FileAccess.ReadWrite);
        Assert.Equal("h", await ReadAsync(first, 1));

        // It closes the FIFO next, and that takes two seconds longer: time for the next one to come as well.
        await using ChildProcess tracer = await AttachAsync(
            strace, server, "-o", "/dev/null", "-P", _fifo.Path, "-e", "trace=close", "-e", "inject=close:delay_exit=2000000:when=1");
        Assert.Equal("ello", await ReadAsync(first, 4));
        await Eventually.TrueAsync(() => ProcFs.IsClosing(server.Process.Id), () => $"the end of {server.Process.Describe()}");
        await first.DisposeAsync();
        await using ChildProcess next = _fifo.Cat();

        Assert.Equal("hello", (await next.EndAsync()).MustExit(0).Text);
    }

    private static async Task<ChildProcess> AttachAsync(string strace, ListeningCommand server, params string[] arguments)
    {
        ChildProcess tracer = ChildProcess.Start([strace, "-f", "-p", $"{server.Process.Id}", .. arguments]);
        await tracer.WaitForErrorAsync($"Process {server.Process.Id} attached");
        return tracer;
    }

    private static int CountOf(string path, string log) => File.Exists(log) ? File.ReadLines(log).Count(line => line.Contains($"\"{path}\"", StringComparison.Ordinal)) : 0;

    private static async Task<string> ReadAsync(FileStream reader, int count)
    {
        byte[] bytes = new byte[count];
        await reader.ReadExactlyAsync(bytes).AsTask().WaitAsync(Limits.Wait);
        return Encoding.UTF8.GetString(bytes);
    }

    private static async Task<string> ReadToEndAsync(FileStream reader)
    {
        using var text = new StreamReader(reader, leaveOpen: true);
        return await text.ReadToEndAsync().WaitAsync(Limits.Wait);
    }

    private FileStream Open(FileAccess access) => new(_fifo.Path, FileMode.Open, access, FileShare.ReadWrite, bufferSize: 0);
}
