using System.Diagnostics;
using Parley.Interop.Linux;
using Parley.Transports.Descriptors;

namespace Parley.Transports.Processes;

/// <summary>
/// A child process, by a descriptor of it that the event loop watches: its exit is an event like any other, at which it is reaped,
/// whether anybody still holds the connection or not.
/// </summary>
internal sealed class Child : Descriptor
{
    private readonly ProcessEndPoint _program;
    private readonly CallObserver? _observer;
    private readonly KillDeadline _kill;
    private readonly long _started = Stopwatch.GetTimestamp();
    private readonly Lock _lock = new();
    private ChildStatus _status;
    private bool _hasExited;
    private bool _wasKilled;
    private Action? _exited;

    internal Child(int pid, DescriptorHandle handle, ProcessEndPoint program, ConnectionOptions options)
        : base(handle, EventLoop.Shared, options.RunContinuationsInline)
    {
        Pid = pid;
        _program = program;
        _observer = options.CallObserver;
        _kill = new KillDeadline(this);
    }

    internal int Pid { get; }

    internal string Name => Path.GetFileName(_program.Program) is { Length: > 0 } name ? name : _program.Program;

    /// <summary>Whether it has ended and was reaped.</summary>
    internal bool HasExited => Volatile.Read(ref _hasExited);

    /// <summary>How it ended, once it has.</summary>
    internal ChildStatus Status => _status;

    internal override uint Interest => Libc.EPOLLIN | Libc.EPOLLET;

    /// <summary>Whether <see cref="Terminate"/> had to kill it.</summary>
    internal bool WasKilled => Volatile.Read(ref _wasKilled) && (!HasExited || _status.Signal == Signal.SIGKILL);

    /// <summary>Called once, on the loop's thread, when it has ended; at once where it has already.</summary>
    internal Action Exited
    {
        set
        {
            // Either this sees the exit or the exit sees this.
            Interlocked.Exchange(ref _exited, value);
            if (HasExited)
                Interlocked.Exchange(ref _exited, null)?.Invoke();
        }
    }

    /// <summary>Whether it can be expected to have ended in a moment.</summary>
    internal bool IsExiting => !HasExited && ProcessState.IsExiting(Pid);

    internal override void OnEvents(uint mask)
    {
        if (!TryReap())
            return;
        Loop.Disarm(_kill);
        Close();
        Interlocked.Exchange(ref _exited, null)?.Invoke();
    }

    /// <summary>Waits for its end.</summary>
    /// <returns>Whether it came before <paramref name="due"/>.</returns>
    internal async ValueTask<bool> WaitForExitAsync(long due)
    {
        while (!HasExited && !Clock.IsOver(due))
            await WaitReadableAsync(due, CancellationToken.None).ConfigureAwait(false);
        return HasExited;
    }

    /// <summary>Asks it to end, and kills it if it has not ended a while later.</summary>
    internal void Terminate(TimeSpan grace)
    {
        if (HasExited)
            return;
        Loop.ArmAt(_kill, Clock.FromNow(grace));
        Send(Signal.SIGTERM);
    }

    /// <summary>Looks whether it has ended, waits a moment where it is about to, and reaps it.</summary>
    internal unsafe bool TryReapSoon(int milliseconds)
    {
        if (TryReap() || !IsExiting)
            return HasExited;
        bool isHeld = false;
        try
        {
            Handle.DangerousAddRef(ref isHeld);
            var poll = new PollDescriptor { Descriptor = Handle.Number, Events = Libc.POLLIN };
            return Libc.Poll(&poll, 1, milliseconds) > 0 && TryReap();
        }
        catch (ObjectDisposedException)
        {
            // The loop was faster.
            return HasExited;
        }
        finally
        {
            if (isHeld)
                Handle.DangerousRelease();
        }
    }

    internal void Send(int signal)
    {
        long started = _observer is null ? 0 : Stopwatch.GetTimestamp();
        int outcome;
        try
        {
            outcome = Libc.PidFdSendSignal(Handle, signal) < 0 ? -Errno.Last : 0;
        }
        catch (ObjectDisposedException)
        {
            // It has ended: that is what the signal was for.
            return;
        }

        _observer?.Report("kill", Handle.Number, started, outcome, _program, signal, null);
    }

    private unsafe bool TryReap()
    {
        lock (_lock)
        {
            if (_hasExited)
                return true;
            int status;
            int pid = Libc.WaitPid(Pid, &status, Libc.WNOHANG);
            if (pid == 0 || (pid < 0 && Errno.Last == Errno.EINTR))
                return false;
            _status = pid < 0 ? ChildStatus.Unknown : ChildStatus.FromWait(status);
            Volatile.Write(ref _hasExited, true);
        }

        _observer?.Report("wait", Handle.Number, _started, _status.IsKnown ? _status.ExitCode : -Errno.ECHILD, _program, _status.Signal, null);
        return true;
    }

    private sealed class KillDeadline(Child child) : Deadline
    {
        internal override void OnDue()
        {
            Volatile.Write(ref child._wasKilled, true);
            child.Send(Signal.SIGKILL);
        }
    }
}
