using System.Diagnostics;

namespace Parley.Cli.Output;

/// <summary>Shows once a second what has moved, and once more at the end: one line that renews itself on a terminal, lines elsewhere.</summary>
internal sealed class Progress : IAsyncDisposable
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    private readonly Func<long> _bytes;
    private readonly long _started = Stopwatch.GetTimestamp();
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _loop;
    private long _lastBytes;
    private long _lastTime;

    private Progress(Func<long> bytes)
    {
        _bytes = bytes;
        _lastTime = _started;
        _loop = RunAsync();
    }

    /// <summary>Starts, if it was asked for.</summary>
    internal static Progress? Start(bool wanted, Func<long> bytes) => wanted ? new Progress(bytes) : null;

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _loop;
        string line = Line(_bytes(), Stopwatch.GetElapsedTime(_started), rate: null);
        if (StandardError.IsTerminal)
            StandardError.WriteProgress(line + "\n");
        else
            StandardError.WriteLine(line);
        _stop.Dispose();
    }

    private async Task RunAsync()
    {
        using var timer = new PeriodicTimer(Interval);
        try
        {
            while (await timer.WaitForNextTickAsync(_stop.Token))
                Show();
        }
        catch (OperationCanceledException)
        {
            // The last line follows.
        }
    }

    private void Show()
    {
        long bytes = _bytes();
        long now = Stopwatch.GetTimestamp();
        double rate = (bytes - _lastBytes) / Stopwatch.GetElapsedTime(_lastTime, now).TotalSeconds;
        (_lastBytes, _lastTime) = (bytes, now);
        string line = Line(bytes, Stopwatch.GetElapsedTime(_started, now), rate);
        if (StandardError.IsTerminal)
            StandardError.WriteProgress(line);
        else
            StandardError.WriteLine(line);
    }

    private static string Line(long bytes, TimeSpan elapsed, double? rate)
    {
        string average = $"{Units.Bytes(bytes / Math.Max(elapsed.TotalSeconds, 1e-6))}/s";
        return rate is double current
            ? $"{Units.Bytes(bytes)}  {Units.Bytes(current)}/s  average {average}  {elapsed:hh\\:mm\\:ss}"
            : $"{bytes} bytes in {Units.Duration(elapsed)}, {average}";
    }
}
