namespace Parley.Cli.Output;

/// <summary>Shows once a second what has moved, and once more at the end: one line that renews itself on a terminal, lines elsewhere.</summary>
internal sealed class Progress : IAsyncDisposable
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    private readonly Meter _meter;
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _loop;

    private Progress(Meter meter)
    {
        _meter = meter;
        _loop = RunAsync();
    }

    /// <summary>Starts, if it was asked for.</summary>
    /// <param name="wanted">Whether it was.</param>
    /// <param name="traffic">What has moved so far.</param>
    /// <param name="expected">How many bytes there are to send, where that is known.</param>
    internal static Progress? Start(bool wanted, Func<Traffic> traffic, long? expected)
        => wanted ? new Progress(new Meter(traffic, TimeProvider.System) { Expected = expected }) : null;

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _loop;
        string line = _meter.Final();
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
            {
                string line = _meter.Running();
                if (StandardError.IsTerminal)
                    StandardError.WriteProgress(line);
                else
                    StandardError.WriteLine(line);
            }
        }
        catch (OperationCanceledException)
        {
            // The last line follows.
        }
    }
}
