namespace Parley.Cli.Tests.Fifos;

/// <summary>A server that is not sure that the last reader has gone opens the FIFO to write for a moment.</summary>
public sealed class FifoLookTests : IDisposable
{
    private readonly Fifo _fifo = new();

    public void Dispose() => _fifo.Dispose();

    /// <summary>Then the next one's open returns by this, and what it gets must not be the end of it.</summary>
    [SkippableFact]
    public async Task Serve_OneReaderGoesAndTheNextComesDuringALook_TheNextGetsItsWords()
    {
        string strace = Programs.Require("strace");
        await using ListeningCommand server = await Command.ListenAsync("serve", _fifo.Endpoint, "--message", "hello");
        await using var first = new FileStream(_fifo.Path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        Assert.Equal("hello", await ReadToEndAsync(first));

        // Each open takes two seconds longer from here on.
        string[] slow = [strace, "-f", "-p", $"{server.Process.Id}", "-o", "/dev/null", "-e", "trace=openat", "-e", "inject=openat:delay_enter=2000000"];
        await using ChildProcess tracer = ChildProcess.Start(slow);
        await tracer.WaitForErrorAsync($"Process {server.Process.Id} attached");
        await Eventually.TrueAsync(() => ProcFs.IsOpening(server.Process.Id), () => $"a look of {server.Process.Describe()}");
        await first.DisposeAsync();
        await using ChildProcess next = _fifo.Cat();

        Assert.Equal("hello", (await next.EndAsync()).MustExit(0).Text);
    }

    private static async Task<string> ReadToEndAsync(FileStream reader)
    {
        using var text = new StreamReader(reader, leaveOpen: true);
        return await text.ReadToEndAsync().WaitAsync(Limits.Wait);
    }
}
