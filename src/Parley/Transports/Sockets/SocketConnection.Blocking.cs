using Parley.Interop.Linux;

namespace Parley.Transports.Sockets;

/// <content>
/// Reads that block in the kernel. For them the socket itself loses O_NONBLOCK, and every other call says that it must not block. Splices into
/// and out of a socket cannot say so: with the first of them the socket gets it back, and keeps it.
/// </content>
internal sealed unsafe partial class SocketConnection
{
    private Mode _mode;

    private enum Mode
    {
        NonBlocking,
        Blocking,
        NonBlockingForGood,
    }

    private protected override bool TryLetReadsBlock()
        => _mode == Mode.Blocking || (_mode == Mode.NonBlocking && TryBeBlocking());

    private protected override nint ReceiveBlocked(Span<byte> buffer) => EndOrBreak(Receive(buffer, flags: 0));

    private bool HasMovedInKernel => _mode == Mode.NonBlockingForGood;

    internal override void PrepareMoves()
    {
        if (_mode != Mode.NonBlockingForGood)
            BeNonBlockingForGood();
    }

    private bool TryBeBlocking()
    {
        lock (ReadDescriptor)
        {
            if (_mode == Mode.NonBlocking && TrySetFlags(Libc.O_RDWR))
                _mode = Mode.Blocking;
            return _mode == Mode.Blocking;
        }
    }

    private void BeNonBlockingForGood()
    {
        lock (ReadDescriptor)
        {
            if (_mode == Mode.Blocking)
                TrySetFlags(Libc.O_RDWR | Libc.O_NONBLOCK);
            _mode = Mode.NonBlockingForGood;
        }
    }

    private bool TrySetFlags(int flags)
    {
        try
        {
            return Libc.Set(ReadDescriptor.Handle, Libc.F_SETFL, flags) >= 0;
        }
        catch (ObjectDisposedException)
        {
            // Whoever reads or writes next is told.
            return false;
        }
    }

    private nint Receive(Span<byte> buffer, int flags)
    {
        fixed (byte* pointer = buffer)
        {
            nint count = Libc.Recv(ReadDescriptor.Handle, pointer, (nuint)buffer.Length, flags);
            return count >= 0 ? count : -Errno.Last;
        }
    }
}
