using System.Diagnostics;
using System.Text.RegularExpressions;

namespace Parley.Cli.Tests;

/// <summary>A real process with its three standard streams as pipes of bytes. Killed, with what it started, when the test ends.</summary>
internal sealed class ChildProcess : IAsyncDisposable
{
    private readonly Process _process;
    private readonly string _commandLine;
    private readonly StreamCollector? _output;
    private readonly StreamCollector _error;

    private ChildProcess(Process process, string commandLine, bool collectOutput)
    {
        _process = process;
        _commandLine = commandLine;
        _output = collectOutput ? new StreamCollector(process.StandardOutput.BaseStream) : null;
        _error = new StreamCollector(process.StandardError.BaseStream);
    }

    public int Id => _process.Id;

    public bool HasEnded => _process.HasExited;

    public string ErrorSoFar => _error.ToText();

    public long OutputLength => Collected.Length;

    public byte[] OutputSoFar => Collected.ToArray();

    /// <summary>Standard output of a process that was started without collecting it.</summary>
    public Stream Output => _output is null
        ? _process.StandardOutput.BaseStream
        : throw new InvalidOperationException("this standard output is being collected");

    private StreamCollector Collected => _output ?? throw new InvalidOperationException("this standard output is not collected");

    public static ChildProcess Start(IEnumerable<string> words, IReadOnlyDictionary<string, string>? environment = null, bool collectOutput = true)
    {
        string[] all = [.. words];
        var start = new ProcessStartInfo(all[0], all[1..])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            UseShellExecute = false,
        };
        start.Environment.Remove("NO_COLOR");
        foreach ((string name, string value) in environment ?? new Dictionary<string, string>(StringComparer.Ordinal))
            start.Environment[name] = value;
        Process process = Process.Start(start) ?? throw new InvalidOperationException($"cannot start {all[0]}");
        return new ChildProcess(process, string.Join(' ', all), collectOutput);
    }

    public static async Task<CommandResult> RunAsync(params string[] words)
    {
        await using ChildProcess process = Start(words);
        process.CloseInput();
        return await process.EndAsync();
    }

    public void CloseInput()
    {
        try
        {
            _process.StandardInput.Close();
        }
        catch (IOException)
        {
            // It has ended without reading everything.
        }
    }

    /// <summary>Writes to standard input, beside the test because the pipe may fill; ends early when nobody reads any more.</summary>
    public Task WriteAsync(ReadOnlyMemory<byte> bytes, bool close = false) => Task.Factory.StartNew(
        () =>
        {
            try
            {
                _process.StandardInput.BaseStream.Write(bytes.Span);
                _process.StandardInput.BaseStream.Flush();
            }
            catch (IOException)
            {
                // It has ended without reading everything.
            }

            if (close)
                CloseInput();
        },
        CancellationToken.None,
        TaskCreationOptions.LongRunning | TaskCreationOptions.DenyChildAttach,
        TaskScheduler.Default);

    /// <summary>Fills a buffer from standard output, on a thread of its own because the pipe may be empty.</summary>
    public Task ReadAsync(Memory<byte> buffer) => Task.Factory.StartNew(
        () => Output.ReadExactly(buffer.Span),
        CancellationToken.None,
        TaskCreationOptions.LongRunning | TaskCreationOptions.DenyChildAttach,
        TaskScheduler.Default);

    public void Send(Signal signal) => Signals.Send(Id, signal);

    /// <summary>Stops it, and comes back when it has: after the signal was sent, its threads may still run for a while.</summary>
    public Task FreezeAsync()
    {
        Send(Signal.Stop);
        return Eventually.TrueAsync(() => ProcFs.IsStopped(Id), () => $"stopped: {Describe()}");
    }

    public void Thaw() => Send(Signal.Continue);

    public async Task<CommandResult> EndAsync(TimeSpan? limit = null)
    {
        TimeSpan allowed = limit ?? Limits.Wait;
        try
        {
            await _process.WaitForExitAsync().WaitAsync(allowed);
            await _error.Ended.WaitAsync(allowed);
            if (_output is not null)
                await _output.Ended.WaitAsync(allowed);
        }
        catch (TimeoutException)
        {
            throw new TimeoutException($"not ended within {allowed.TotalSeconds} s: {Describe()}");
        }

        return new CommandResult(_process.ExitCode, _output?.ToArray() ?? [], _error.ToText());
    }

    public async Task<Match> WaitForErrorAsync(string pattern)
    {
        var regex = new Regex(pattern, RegexOptions.Multiline | RegexOptions.IgnoreCase, Limits.Wait);
        Match match = Match.Empty;
        await Eventually.TrueAsync(() => Found() || HasEnded, () => $"'{pattern}' on standard error of {Describe()}");
        if (!match.Success)
        {
            await _error.Ended.WaitAsync(Limits.Wait);
            Assert.True(Found(), $"ended without '{pattern}' on standard error: {Describe()}");
        }

        return match;

        bool Found() => (match = regex.Match(_error.ToText())).Success;
    }

    public Task WaitForOutputAsync(long bytes) =>
        Eventually.TrueAsync(() => OutputLength >= bytes, () => $"{bytes} bytes on standard output of {Describe()}");

    public string Describe() => $"{_commandLine}\n({(HasEnded ? $"ended with {_process.ExitCode}" : "running")}) standard error:\n{CommandResult.Shorten(_error.ToText())}";

    public async ValueTask DisposeAsync()
    {
        try
        {
            if (!_process.HasExited)
                _process.Kill(entireProcessTree: true);
            await _process.WaitForExitAsync().WaitAsync(Limits.Wait);
        }
        catch (InvalidOperationException)
        {
            // Ended between the question and the kill.
        }

        _process.Dispose();
    }
}
