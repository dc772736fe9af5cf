namespace Parley.Transports.Processes;

/// <summary>How a child ended.</summary>
internal readonly struct ChildStatus
{
    private const int SignalMask = 0x7F;
    private const int UnknownCode = -1;

    private ChildStatus(int exitCode, int signal)
    {
        ExitCode = exitCode;
        Signal = signal;
    }

    /// <summary>Somebody else in this process has taken the status: how it ended is lost.</summary>
    internal static ChildStatus Unknown => new(UnknownCode, 0);

    /// <summary>As shells have it: 128 and the signal's number where a signal ended it.</summary>
    internal int ExitCode { get; }

    /// <summary>The signal that ended it; 0 where it ended by itself.</summary>
    internal int Signal { get; }

    internal bool IsKnown => ExitCode != UnknownCode;

    /// <summary>It was not the child who decided to end.</summary>
    internal bool IsBreak => Signal != 0 || !IsKnown;

    internal string Describe(string name) => IsKnown
        ? $"{name} was ended by signal {Interop.Linux.Signal.Name(Signal)}"
        : $"how {name} ended is not known: another part of this process waits for children";

    internal static ChildStatus FromWait(int status)
    {
        int signal = status & SignalMask;
        return signal == 0 ? new((status >> 8) & 0xFF, 0) : new(128 + signal, signal);
    }
}
