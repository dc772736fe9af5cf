using System.Runtime.InteropServices;

namespace Parley.Cli.Output;

/// <summary>Prints a line about everything on SIGUSR1. Counts nothing itself: nobody who does not ask pays for it.</summary>
internal sealed class StatisticsSignal : IAsyncDisposable
{
    // A name that PosixSignal lacks; raw numbers count as well.
    private const PosixSignal SIGUSR1 = (PosixSignal)10;

    // Long enough for the current rate to be one, short enough to wait for.
    private static readonly TimeSpan Sample = TimeSpan.FromMilliseconds(200);

    private readonly Func<string> _where;
    private readonly Meter _meter;
    private readonly PosixSignalRegistration _registration;
    private readonly CancellationTokenSource _stop = new();
    private readonly Lock _lock = new();
    private Task _report = Task.CompletedTask;

    /// <summary>Listens for the signal.</summary>
    /// <param name="where">The endpoints, in words.</param>
    /// <param name="traffic">What has moved so far.</param>
    internal StatisticsSignal(Func<string> where, Func<Traffic> traffic)
    {
        _where = where;
        _meter = new Meter(traffic, TimeProvider.System);
        _registration = PosixSignalRegistration.Create(SIGUSR1, OnSignal);
    }

    /// <summary>Ends; a line that was asked for still comes.</summary>
    public async ValueTask DisposeAsync()
    {
        _registration.Dispose();
        await _stop.CancelAsync();
        Task report;
        lock (_lock)
            report = _report;
        await report;
        _stop.Dispose();
    }

    private void OnSignal(PosixSignalContext context)
    {
        // Otherwise it would end the process.
        context.Cancel = true;
        lock (_lock)
        {
            // A second signal while the first one's line is on its way is answered by that line.
            if (_report.IsCompleted && !_stop.IsCancellationRequested)
                _report = ReportAsync();
        }
    }

    private async Task ReportAsync()
    {
        _meter.Look();
        try
        {
            await Task.Delay(Sample, _stop.Token);
        }
        catch (OperationCanceledException)
        {
            // The command ends: its line comes at once.
        }

        StandardError.WriteLine("parley: " + PlainText.OneLine(_meter.Statistics(_where())));
    }
}
