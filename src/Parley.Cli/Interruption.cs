using System.Runtime.InteropServices;

namespace Parley.Cli;

/// <summary>SIGINT, SIGTERM and SIGHUP: the first one asks to end, a second one of the first two ends at once.</summary>
internal sealed class Interruption : IDisposable
{
    // A name that PosixSignal lacks; raw numbers count as well.
    private const PosixSignal SIGXFSZ = (PosixSignal)25;

    private readonly CancellationTokenSource _source = new();
    private readonly PosixSignalRegistration[] _registrations;
    private int _asked;

    /// <param name="outlivesHangUp">Whether SIGHUP ends nothing: it asks servers with a certificate to read that anew, which is done with each handshake anyway.</param>
    internal Interruption(bool outlivesHangUp = false)
    {
        // One that was ignored from the start, as nohup has it, stays so: .NET leaves those alone.
        _registrations =
        [
            PosixSignalRegistration.Create(PosixSignal.SIGINT, OnSignal),
            PosixSignalRegistration.Create(PosixSignal.SIGTERM, OnSignal),
            PosixSignalRegistration.Create(PosixSignal.SIGHUP, outlivesHangUp ? Ignore : OnHangUp),

            // Over the limit of a file's size the write fails then, and what was to be written can be seen to.
            PosixSignalRegistration.Create(SIGXFSZ, Ignore),
        ];
    }

    /// <summary>Cancelled by the first signal.</summary>
    internal CancellationToken Token => _source.Token;

    public void Dispose()
    {
        foreach (PosixSignalRegistration registration in _registrations)
            registration.Dispose();
        _source.Dispose();
    }

    private static void Ignore(PosixSignalContext context) => context.Cancel = true;

    private void OnSignal(PosixSignalContext context)
    {
        context.Cancel = true;
        if (Interlocked.Increment(ref _asked) > 1)
            Environment.Exit(ExitCode.Interrupted);
        _source.Cancel();
    }

    // A terminal that is closed may send it twice, by itself and by its shell: nobody is in a hurry then.
    private void OnHangUp(PosixSignalContext context)
    {
        context.Cancel = true;
        _source.Cancel();
    }
}
