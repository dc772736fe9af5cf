using Parley.Interop.Linux;

namespace Parley.Transports.Processes;

/// <summary>An anonymous pipe between this process and a child: our end never makes us wait, the child's is what programs expect.</summary>
internal sealed unsafe class Pipe : IDisposable
{
    // What one read of a stream takes. More would use up what the kernel grants a user for all pipes together.
    private const int Size = 256 * 1024;

    private const int FirstAfterStandardStreams = 3;

    private Pipe(DescriptorHandle readEnd, DescriptorHandle writeEnd)
    {
        ReadEnd = readEnd;
        WriteEnd = writeEnd;
    }

    internal DescriptorHandle ReadEnd { get; }

    internal DescriptorHandle WriteEnd { get; }

    /// <summary>Makes one, closed on exec from its first moment: no other child that is started meanwhile holds it open.</summary>
    internal static Pipe Create(bool parentReads, ProcessEndPoint program)
    {
        int* ends = stackalloc int[2];
        if (Libc.Pipe2(ends, Libc.O_CLOEXEC) < 0)
            throw ConnectionException.FromErrno(Step.Open, Errno.Last, program);

        var pipe = new Pipe(new DescriptorHandle(ends[0]), new DescriptorHandle(ends[1]));
        try
        {
            pipe = pipe.AwayFromStandardStreams(program);
            return pipe.Prepare(parentReads, program);
        }
        catch
        {
            pipe.Dispose();
            throw;
        }
    }

    /// <summary>Whether somebody has the other end open.</summary>
    internal static bool HasReader(DescriptorHandle writeEnd)
    {
        bool isHeld = false;
        try
        {
            // Held, so that its number cannot become somebody else's before it is asked about.
            writeEnd.DangerousAddRef(ref isHeld);
            var poll = new PollDescriptor { Descriptor = writeEnd.Number, Events = Libc.POLLOUT };
            return Libc.Poll(&poll, 1, 0) <= 0 || (poll.Returned & Libc.POLLERR) == 0;
        }
        catch (ObjectDisposedException)
        {
            // Aborted meanwhile from another thread: whoever waits is told that.
            return true;
        }
        finally
        {
            if (isHeld)
                writeEnd.DangerousRelease();
        }
    }

    public void Dispose()
    {
        ReadEnd.Dispose();
        WriteEnd.Dispose();
    }

    // Where a standard stream of this process is closed its number is free, and the child's own would be put over it.
    private Pipe AwayFromStandardStreams(ProcessEndPoint program)
    {
        if (ReadEnd.Number >= FirstAfterStandardStreams && WriteEnd.Number >= FirstAfterStandardStreams)
            return this;
        DescriptorHandle readEnd = Libc.Duplicate(ReadEnd.Number, Libc.F_DUPFD_CLOEXEC, FirstAfterStandardStreams);
        int error = readEnd.IsInvalid ? Errno.Last : 0;
        DescriptorHandle writeEnd = Libc.Duplicate(WriteEnd.Number, Libc.F_DUPFD_CLOEXEC, FirstAfterStandardStreams);
        if (error == 0 && writeEnd.IsInvalid)
            error = Errno.Last;
        Dispose();
        var moved = new Pipe(readEnd, writeEnd);
        if (error == 0)
            return moved;
        moved.Dispose();
        throw ConnectionException.FromErrno(Step.Open, error, program);
    }

    private Pipe Prepare(bool parentReads, ProcessEndPoint program)
    {
        int access = parentReads ? Libc.O_RDONLY : Libc.O_WRONLY;
        if (Libc.Set(parentReads ? ReadEnd : WriteEnd, Libc.F_SETFL, access | Libc.O_NONBLOCK) < 0)
            throw ConnectionException.FromErrno(Step.Open, Errno.Last, program);

        // A user who has many pipes is refused a large one; a small one does as well, in more calls.
        Libc.Set(WriteEnd, Libc.F_SETPIPE_SZ, Size);
        return this;
    }
}
