using Parley.Interop.Linux;
using Parley.Transports.Descriptors;

namespace Parley.Transports.SharedMemory;

/// <summary>Whole pieces over the socket before there is a link, by a deadline.</summary>
internal sealed class HandshakeSocket(DescriptorConnection socket, long due)
{
    private DescriptorHandle Handle => socket.ReadDescriptor.Handle;

    /// <summary>Receives so many bytes; descriptors that come with them are closed.</summary>
    /// <exception cref="ConnectionException"><see cref="Step.Handshake"/>: the peer has gone, or is too slow.</exception>
    internal async ValueTask<byte[]> ReceiveAsync(int size, CancellationToken cancellationToken)
    {
        byte[] piece = new byte[size];
        for (int count = 0; count < size;)
        {
            socket.ReadDescriptor.Readable.Forget();
            count += await CheckAsync(socket.Receive(piece.AsSpan(count)), forReading: true, cancellationToken).ConfigureAwait(false);
        }

        return piece;
    }

    /// <summary>Receives so many bytes, and the descriptors that come with the first of them. Any that come later are too many.</summary>
    /// <exception cref="ConnectionException"><see cref="Step.Handshake"/>: the peer has gone, or is too slow.</exception>
    internal async ValueTask<byte[]> ReceiveAsync(int size, ReceivedDescriptors descriptors, CancellationToken cancellationToken)
    {
        byte[] piece = new byte[size];
        for (int count = 0; count < size;)
        {
            socket.ReadDescriptor.Readable.Forget();
            int before = descriptors.Count;
            int more = await CheckAsync(descriptors.Receive(Handle, piece.AsSpan(count)), forReading: true, cancellationToken).ConfigureAwait(false);
            if (count > 0 && descriptors.Count > before)
                throw Failure(Reason.Corrupt, "the peer has sent a descriptor in the middle of its welcome");
            count += more;
        }

        return piece;
    }

    /// <summary>Sends bytes, and a descriptor with the first of them.</summary>
    /// <exception cref="ConnectionException"><see cref="Step.Handshake"/>: the peer has gone, or is too slow.</exception>
    internal async ValueTask SendAsync(ReadOnlyMemory<byte> bytes, DescriptorHandle? descriptor, CancellationToken cancellationToken)
    {
        for (int count = 0; count < bytes.Length;)
        {
            if (socket.WriteDescriptor.IsWatched)
                socket.WriteDescriptor.Writable.Forget();
            ReadOnlyMemory<byte> rest = bytes[count..];
            nint outcome = count == 0 && descriptor is not null ? Send(rest.Span, descriptor) : socket.Transmit(rest.Span, moreFollows: false);
            count += await CheckAsync(outcome, forReading: false, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>Waits until the peer goes, while it has nothing to say.</summary>
    /// <exception cref="ConnectionException"><see cref="Step.Handshake"/>: it has gone, or says something.</exception>
    internal static async Task WaitForEndAsync(DescriptorConnection socket, CancellationToken cancellationToken)
    {
        var talk = new HandshakeSocket(socket, Deadline.Never);
        await talk.ReceiveAsync(1, cancellationToken).ConfigureAwait(false);
        throw talk.Failure(Reason.Corrupt, "the peer says more before it is welcome");
    }

    internal ConnectionException Failure(Reason reason, string cause, int errorNumber = 0)
        => new(Step.Handshake, reason, socket.RemoteEndPoint ?? socket.LocalEndPoint, cause, errorNumber);

    /// <summary>Waits where there is nothing yet.</summary>
    /// <returns>How many bytes were moved.</returns>
    private async ValueTask<int> CheckAsync(nint outcome, bool forReading, CancellationToken cancellationToken)
    {
        if (outcome > 0)
            return (int)outcome;
        if (outcome == 0)
            throw Failure(Reason.Reset, "the peer closed the connection before both had agreed");
        if (outcome != -Errno.EAGAIN)
            throw Failure(ErrnoReasons.Of((int)-outcome, Step.Handshake), Errno.Describe((int)-outcome), (int)-outcome);
        if (Clock.IsOver(due))
            throw Failure(Reason.TimedOut, "the peer said too little in time", Errno.ETIMEDOUT);

        WaitResult result = forReading
            ? await socket.ReadDescriptor.WaitReadableAsync(due, cancellationToken).ConfigureAwait(false)
            : await socket.WriteDescriptor.WaitWritableAsync(due, cancellationToken).ConfigureAwait(false);
        return result switch
        {
            WaitResult.Canceled => throw new OperationCanceledException(cancellationToken),
            WaitResult.Closed => throw socket.OverFailure(Step.Handshake),
            _ => 0,
        };
    }

    private unsafe nint Send(ReadOnlySpan<byte> bytes, DescriptorHandle descriptor)
    {
        nuint* control = stackalloc nuint[(sizeof(ControlMessage) / sizeof(nuint)) + 1];
        var header = (ControlMessage*)control;
        *header = new ControlMessage { Length = (nuint)(sizeof(ControlMessage) + sizeof(int)), Level = Libc.SOL_SOCKET, Type = Libc.SCM_RIGHTS };
        bool isHeld = false;
        try
        {
            descriptor.DangerousAddRef(ref isHeld);
            *(int*)(header + 1) = descriptor.Number;
            fixed (byte* pointer = bytes)
            {
                var part = new IoVector { Base = pointer, Length = (nuint)bytes.Length };
                var message = new MessageParts
                {
                    Buffers = &part,
                    BufferCount = 1,
                    Control = control,
                    ControlLength = (nuint)(sizeof(ControlMessage) + sizeof(nuint)),
                };
                nint count;
                do
                    count = Libc.SendMsg(Handle, &message, Libc.MSG_NOSIGNAL);
                while (count < 0 && Errno.Last == Errno.EINTR);
                return count < 0 ? -Errno.Last : count;
            }
        }
        finally
        {
            if (isHeld)
                descriptor.DangerousRelease();
        }
    }
}
