using System.Net;
using Parley.Interop.Linux;
using Parley.Transports.Descriptors;

namespace Parley.Transports.StandardStreams;

/// <summary>Standard input is what is heard, standard output what is said.</summary>
internal sealed unsafe class StandardStreamsConnection(
    Descriptor input, StandardStreamKind inputKind, Descriptor output, StandardStreamKind outputKind, ConnectionOptions options)
    : DescriptorConnection(input, output, options)
{
    // A pipe that poll calls writable takes so much without blocking (PIPE_BUF).
    private const int SafeWrite = 4096;

    public override EndPoint? LocalEndPoint => StandardStreamsEndPoint.Instance;

    public override EndPoint? RemoteEndPoint => StandardStreamsEndPoint.Instance;

    internal override bool HasIndependentDirections => true;

    private protected override bool ReportsDelivery => false;

    internal override nint Receive(Span<byte> buffer) => inputKind switch
    {
        StandardStreamKind.Socket => ReceiveFromSocket(buffer),
        StandardStreamKind.Polled when !IsReady(ReadDescriptor, Libc.POLLIN) => -Errno.EAGAIN,
        _ => base.Receive(buffer),
    };

    internal override nint Transmit(ReadOnlySpan<byte> bytes, bool moreFollows) => outputKind switch
    {
        StandardStreamKind.Socket => TransmitToSocket(bytes),
        StandardStreamKind.Polled when !IsReady(WriteDescriptor, Libc.POLLOUT) => -Errno.EAGAIN,
        StandardStreamKind.Polled => base.Transmit(bytes[..Math.Min(bytes.Length, SafeWrite)], moreFollows),
        _ => base.Transmit(bytes, moreFollows),
    };

    internal override bool ReadsFromPipe { get; } = inputKind == StandardStreamKind.Reopened && IsPipe(input);

    internal override bool WritesToPipe { get; } = outputKind == StandardStreamKind.Reopened && IsPipe(output);

    internal override bool ReadsFromFile => inputKind == StandardStreamKind.AlwaysReady;

    internal override bool WritesToFile => outputKind == StandardStreamKind.AlwaysReady;

    private static bool IsPipe(Descriptor descriptor) => FileStatus.OfDescriptor(descriptor.Handle, out StatxResult opened) == 0 && opened.IsFifo;

    private nint ReceiveFromSocket(Span<byte> buffer)
    {
        fixed (byte* pointer = buffer)
        {
            while (true)
            {
                nint count = Libc.Recv(ReadDescriptor.Handle, pointer, (nuint)buffer.Length, Libc.MSG_DONTWAIT);
                if (count >= 0)
                    return count;
                int error = Errno.Last;
                if (error != Errno.EINTR)
                    return -error;
            }
        }
    }

    private nint TransmitToSocket(ReadOnlySpan<byte> bytes)
    {
        fixed (byte* pointer = bytes)
        {
            while (true)
            {
                nint count = Libc.Send(WriteDescriptor.Handle, pointer, (nuint)bytes.Length, Libc.MSG_DONTWAIT | Libc.MSG_NOSIGNAL);
                if (count >= 0)
                    return count;
                int error = Errno.Last;
                if (error != Errno.EINTR)
                    return -error;
            }
        }
    }

    /// <summary>Closes standard output, so that whoever reads it sees the end though this process lives on.</summary>
    internal override int EndWrites()
    {
        using DescriptorHandle nowhere = OpenNowhere();
        if (nowhere.IsInvalid)
            return -Errno.Last;
        WriteDescriptor.Close();
        return OutputCopies.ReplaceBy(nowhere);
    }

    internal override long CountUndelivered() => 0;

    // Nobody reads a file that could go away.
    private protected override void WatchForHangUp()
    {
        if (outputKind != StandardStreamKind.AlwaysReady)
            base.WatchForHangUp();
    }

    private protected override void PrepareReset()
    {
        // Pipes and files have no reset; the exit code tells.
    }

    private static DescriptorHandle OpenNowhere()
    {
        fixed (byte* path = "/dev/null\0"u8)
            return Libc.Open(path, Libc.O_WRONLY | Libc.O_CLOEXEC, 0);
    }

    private static bool IsReady(Descriptor descriptor, short events)
    {
        var poll = new PollDescriptor { Descriptor = descriptor.Handle.Number, Events = events };
        return Libc.Poll(&poll, 1, 0) > 0;
    }
}
