using System.Net.Sockets;
using Parley.Interop.Linux;

namespace Parley.Tests.SharedMemory;

/// <summary>
/// Descriptors over a Unix socket. On a socket with a time limit, and those of the tests have one, a signal (the runtime has its own) interrupts
/// these calls whatever its handler asks for: signal(7).
/// </summary>
internal static unsafe class PassedDescriptors
{
    private const int ControlLength = 2048;

    /// <summary>All of the bytes in one call, with any number of descriptors.</summary>
    public static void Send(Socket socket, ReadOnlySpan<byte> bytes, params ReadOnlySpan<DescriptorHandle> descriptors)
    {
        byte* control = stackalloc byte[ControlLength];
        fixed (byte* start = bytes)
        {
            using DescriptorHandle handle = Duplicate(socket);
            var part = new IoVector { Base = start, Length = (nuint)bytes.Length };
            var message = new MessageParts { Buffers = &part, BufferCount = 1 };
            if (descriptors.Length > 0)
            {
                int size = sizeof(ControlMessage) + (descriptors.Length * sizeof(int));
                Assert.InRange(size, 0, ControlLength - sizeof(nuint));
                *(ControlMessage*)control = new ControlMessage { Length = (nuint)size, Level = Libc.SOL_SOCKET, Type = Libc.SCM_RIGHTS };
                for (int i = 0; i < descriptors.Length; i++)
                    ((int*)(control + sizeof(ControlMessage)))[i] = descriptors[i].Number;
                message.Control = control;
                message.ControlLength = (nuint)((size + sizeof(nuint) - 1) / sizeof(nuint) * sizeof(nuint));
            }

            nint sent;
            do
                sent = Libc.SendMsg(handle, &message, Libc.MSG_NOSIGNAL);
            while (sent < 0 && Errno.Last == Errno.EINTR);
            Assert.Equal(bytes.Length, (int)sent);
        }
    }

    /// <summary>What one call gives: at most the buffer, and the descriptors that came with it. None where the other side has closed or reset it.</summary>
    public static (int Length, DescriptorHandle[] Descriptors) Receive(Socket socket, Span<byte> buffer)
    {
        byte* control = stackalloc byte[ControlLength];
        fixed (byte* start = buffer)
        {
            using DescriptorHandle handle = Duplicate(socket);
            var part = new IoVector { Base = start, Length = (nuint)buffer.Length };
            var message = new MessageParts { Buffers = &part, BufferCount = 1, Control = control };
            nint received;
            do
            {
                message.ControlLength = ControlLength;
                received = Libc.RecvMsg(handle, &message, Libc.MSG_CMSG_CLOEXEC);
            }
            while (received < 0 && Errno.Last == Errno.EINTR);
            if (received <= 0)
            {
                Assert.True(received == 0 || Errno.Last == Errno.ECONNRESET, Errno.Name(Errno.Last));
                return (0, []);
            }

            int count = message.ControlLength == 0 ? 0 : (int)((((ControlMessage*)control)->Length - (nuint)sizeof(ControlMessage)) / sizeof(int));
            return ((int)received, [.. Enumerable.Range(0, count).Select(i => new DescriptorHandle(((int*)(control + sizeof(ControlMessage)))[i]))]);
        }
    }

    private static DescriptorHandle Duplicate(Socket socket) => Libc.Duplicate((int)socket.Handle, Libc.F_DUPFD_CLOEXEC, 0);
}
