using System.Net;
using Parley.Interop.Linux;
using Parley.Transports.Descriptors;

namespace Parley.Transports.Processes;

/// <summary>A child process over two pipes: what it prints is heard, what is said is its standard input.</summary>
internal sealed unsafe partial class ProcessConnection : DescriptorConnection
{
    // A child that is being killed closes its streams microseconds before it can be waited for.
    private const int MillisecondsToExit = 20;

    private readonly ProcessEndPoint _program;
    private readonly Child _child;
    private readonly EndDeadline _end;
    private long _closingDue;
    private int _leftOver = -1;
    private UnreadInput? _unread;
    private long _lost;

    internal ProcessConnection(Descriptor read, Descriptor write, Child child, ProcessEndPoint program, ConnectionOptions options)
        : base(read, write, options)
    {
        _program = program;
        _child = child;
        _end = new EndDeadline(read);
        child.Exited = OnExited;
    }

    public override EndPoint? LocalEndPoint => null;

    public override EndPoint? RemoteEndPoint => _program;

    public override bool TryGetPeerCredentials(out PeerCredentials credentials)
    {
        credentials = new PeerCredentials(_child.Pid, Libc.GetEUid(), Libc.GetEGid());
        return true;
    }

    public override bool TryGetExitCode(out int exitCode)
    {
        bool isKnown = _child.HasExited && _child.Status.IsKnown;
        exitCode = isKnown ? _child.Status.ExitCode : 0;
        return isKnown;
    }

    internal override nint Receive(Span<byte> buffer)
    {
        // Asked first: what is not in the pipe once the child has ended was not said by it.
        bool hasExited = _child.HasExited;
        if (hasExited && MustEnd())
        {
            if (_leftOver < 0)
            {
                _leftOver = PipeState.Waiting(ReadDescriptor.Handle);
                TellOfHeldOutput();
            }

            buffer = buffer[..Math.Min(buffer.Length, _leftOver)];
            if (buffer.IsEmpty)
                return End();
        }

        nint count = base.Receive(buffer);
        if (count > 0 && _leftOver > 0)
            _leftOver -= (int)count;
        if (count == 0)
            return hasExited || !AwaitsExit() ? End() : -Errno.EAGAIN;
        if (count == -Errno.EAGAIN && hasExited)
            _end.Arm(Options.CloseTimeout);
        return count;
    }

    internal override bool ReadsFromPipe => true;

    internal override bool WritesToPipe => true;

    // What a child says as it ends is for the read to make out.
    internal override nint MoveTo(DescriptorHandle target, int most)
    {
        nint count = _child.HasExited ? 0 : base.MoveTo(target, most);
        return count == 0 ? -Errno.EINVAL : count;
    }

    /// <summary>Closes the child's standard input. What is in the pipe when nobody can read it any more is lost, and that is told.</summary>
    internal override int EndWrites()
    {
        if (Break == 0)
        {
            if (PendingError() is var error && error != 0)
                return -error;

            // The child may still read it, and then the close sees to what it does not.
            if (CountUndelivered() > 0)
                _unread = UnreadInput.TryHold(WriteDescriptor.Handle);
        }

        WriteDescriptor.Close();
        return 0;
    }

    internal override long CountUndelivered()
        => WriteDescriptor.Handle.IsClosed ? Volatile.Read(ref _lost) : PipeState.Waiting(WriteDescriptor.Handle);

    // Once it is closed, only the child's exit tells how much of it was read.
    private protected override bool IsAcknowledged => HasEndedWrites;

    // A child that has read everything may close its input: nothing is lost by that. What is left is counted once nobody can read it any
    // more; before, it may be read between the two looks.
    private protected override int PendingError() => !Pipe.HasReader(WriteDescriptor.Handle) && CountUndelivered() > 0 ? Errno.EPIPE : 0;

    private protected override (Reason Reason, string Cause, int ErrorNumber) Explain(Step step, int errorNumber)
    {
        bool isBreak = errorNumber is Errno.EPIPE or Errno.ECONNRESET && _child.TryReapSoon(MillisecondsToExit) && _child.Status.IsBreak;
        if (isBreak)
            return (Reason.PeerDied, _child.Status.Describe(_child.Name), 0);
        return errorNumber == Errno.EPIPE
            ? (Reason.Reset, $"{_child.Name} reads no more", errorNumber)
            : base.Explain(step, errorNumber);
    }

    internal override void ObserveEndOfWrites(long started, int outcome)
        => Observe("close", WriteDescriptor, started, outcome, argument: 0);

    /// <summary>
    /// What is there when nothing more is waited for: a child that was ended by a signal has said all it ever will, and what it started
    /// itself may hold the pipe for as long as it likes.
    /// </summary>
    private bool MustEnd() => _leftOver >= 0 || _child.Status.IsBreak || IsClosing || _end.IsOver;

    private void TellOfHeldOutput()
    {
        if (_end.IsOver && _child.Status.IsKnown && !_child.Status.IsBreak && Options.LoggerFactory?.CreateLogger("Parley.Connection") is { } logger)
            ConnectionLog.OutputHeld(logger, _child.Name, _child.Status.ExitCode);
    }

    private int End() => _child.HasExited && _child.Status.IsBreak ? -Errno.ECONNRESET : 0;

    /// <summary>
    /// The child has closed its standard output. Where it does so because it is ending, how it ends says whether that was the end of what
    /// it had to say; a child that goes on without an output has ended cleanly.
    /// </summary>
    private bool AwaitsExit()
    {
        if (_end.IsOver || !_child.IsExiting)
            return false;
        _end.Arm(Options.CloseTimeout);
        return true;
    }

    private void OnExited()
    {
        ReadDescriptor.Readable.Signal();
        if (_isClosedAwaited)
            CancelClosed();
    }

    /// <summary>When waiting for an end that does not come is over.</summary>
    private sealed class EndDeadline(Descriptor descriptor) : Deadline
    {
        private long _end = Never;

        internal bool IsOver => Clock.IsOver(Volatile.Read(ref _end));

        internal void Arm(TimeSpan time)
        {
            if (Volatile.Read(ref _end) != Never || time == Timeout.InfiniteTimeSpan)
                return;
            Volatile.Write(ref _end, Clock.FromNow(time));
            descriptor.Loop.ArmAt(this, _end);
        }

        internal override void OnDue() => descriptor.Readable.Signal();
    }
}
