using System.ComponentModel;
using System.Diagnostics;
using Parley.Interop.Linux;
using Parley.Transports.Descriptors;

namespace Parley.Transports.Processes;

/// <summary>Starts a program and connects to its standard streams.</summary>
internal static unsafe class ProcessTransport
{
    internal static Connection Start(ProcessEndPoint program, ConnectionOptions options)
    {
        NeedLinux();
        KeepStatusOfChildren();

        Pipe input = Pipe.Create(parentReads: false, program);
        Pipe? output = null;
        try
        {
            output = Pipe.Create(parentReads: true, program);
            Observe(options, input.WriteEnd, program, standardStream: 0);
            Observe(options, output.ReadEnd, program, standardStream: 1);
            Child child = Spawn(program, input.ReadEnd, output.WriteEnd, options);

            // The child has its ends: while a copy of ours were open, neither side would see the other's end.
            input.ReadEnd.Dispose();
            output.WriteEnd.Dispose();
            return new ProcessConnection(
                new StreamDescriptor(output.ReadEnd, EventLoop.Shared, options.RunContinuationsInline),
                new StreamDescriptor(input.WriteEnd, EventLoop.Shared, options.RunContinuationsInline),
                child, program, options);
        }
        catch
        {
            input.Dispose();
            output?.Dispose();
            throw;
        }
    }

    /// <exception cref="ConnectionException">There is no such program, or this user may not execute it.</exception>
    internal static void EnsureCanStart(ProcessEndPoint program)
    {
        NeedLinux();
        int error = ProgramSearch.Find(program.Program, out string path);
        if (error == 0)
            error = ProgramSearch.Look(Path.Combine(program.WorkingDirectory ?? "", path));
        if (error != 0)
            throw SpawnFailure.Of(error, path, program);
    }

    private static void NeedLinux()
    {
        if (!OperatingSystem.IsLinux())
            throw new PlatformNotSupportedException("A child process as an endpoint needs Linux.");
    }

    private static Child Spawn(ProcessEndPoint program, DescriptorHandle input, DescriptorHandle output, ConnectionOptions options)
    {
        long started = options.CallObserver is null ? 0 : Stopwatch.GetTimestamp();
        int pid = 0;
        int error = ProgramSearch.Find(program.Program, out string path);
        if (error == 0)
            error = SpawnRequest.Start(path, program, input, output, out pid);
        if (error != 0)
        {
            options.CallObserver?.Report("spawn", -1, started, -error, program, -1, null);
            throw SpawnFailure.Of(error, path, program);
        }

        var child = new Child(pid, Libc.PidFdOpen(pid), program, options);
        error = child.Handle.IsInvalid ? Errno.Last : 0;
        options.CallObserver?.Report("spawn", child.Handle.Number, started, pid, program, -1, null);
        if (error == 0 && child.EnsureWatched())
            return child;

        Abandon(child, pid);
        throw error == Errno.ENOSYS
            ? new PlatformNotSupportedException("A child process as an endpoint needs Linux 5.3 or later.")
            : ConnectionException.FromErrno(Step.Open, error != 0 ? error : child.WatchError, program);
    }

    // The kernel does not tell how a child ended to a process that was started with SIGCHLD ignored, and forgets the child at once.
    private static void KeepStatusOfChildren()
    {
        byte* action = stackalloc byte[Libc.SigActionSize];
        new Span<byte>(action, Libc.SigActionSize).Clear();
        if (Libc.SigAction(Signal.SIGCHLD, null, action) < 0 || *(nint*)action != Libc.SIG_IGN)
            return;
        new Span<byte>(action, Libc.SigActionSize).Clear();
        if (Libc.SigAction(Signal.SIGCHLD, action, null) < 0)
            throw new Win32Exception(Errno.Last);
    }

    // A child that cannot be watched would never be reaped.
    private static void Abandon(Child child, int pid)
    {
        child.Close();
        Libc.Kill(pid, Signal.SIGKILL);
        int status;
        while (Libc.WaitPid(pid, &status, 0) < 0 && Errno.Last == Errno.EINTR)
        {
        }
    }

    private static void Observe(ConnectionOptions options, DescriptorHandle end, ProcessEndPoint program, int standardStream)
        => options.CallObserver?.Report("pipe", end.Number, Stopwatch.GetTimestamp(), 0, program, standardStream, null);
}
