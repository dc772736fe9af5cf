using Parley.Interop.Linux;

namespace Parley.Transports.SharedMemory;

/// <summary>The descriptors that came with bytes on a socket; all are closed when this is disposed.</summary>
internal sealed unsafe class ReceivedDescriptors : IDisposable
{
    // The kernel closes those for which there is no room.
    private const int Room = 4;

    private readonly List<DescriptorHandle> _handles = [];

    /// <summary>The one that came; <see langword="null"/> where there were none, or several.</summary>
    internal DescriptorHandle? Single => _handles.Count == 1 && !HasMore ? _handles[0] : null;

    /// <summary>How many there is room for have come; there may have been more.</summary>
    internal int Count => _handles.Count;

    internal bool HasMore { get; private set; }

    /// <summary>Receives bytes and keeps the descriptors that come with them.</summary>
    /// <returns>Bytes received, 0 at the end, or the negative error number.</returns>
    internal nint Receive(DescriptorHandle socket, Span<byte> buffer)
    {
        int controlSize = sizeof(ControlMessage) + (Room * sizeof(int));
        nuint* words = stackalloc nuint[controlSize / sizeof(nuint)];
        byte* control = (byte*)words;
        fixed (byte* bytes = buffer)
        {
            var part = new IoVector { Base = bytes, Length = (nuint)buffer.Length };
            var message = new MessageParts { Buffers = &part, BufferCount = 1 };
            nint count;
            do
            {
                message.Control = control;
                message.ControlLength = (nuint)controlSize;
                count = Libc.RecvMsg(socket, &message, Libc.MSG_CMSG_CLOEXEC);
            }
            while (count < 0 && Errno.Last == Errno.EINTR);
            if (count < 0)
                return -Errno.Last;
            Take(control, (int)message.ControlLength);
            HasMore |= (message.Flags & Libc.MSG_CTRUNC) != 0;
            return count;
        }
    }

    public void Dispose()
    {
        foreach (DescriptorHandle handle in _handles)
            handle.Dispose();
    }

    private void Take(byte* control, int length)
    {
        for (int at = 0; at + sizeof(ControlMessage) <= length;)
        {
            var header = (ControlMessage*)(control + at);
            int size = (int)Math.Min(header->Length, (nuint)(length - at));
            if (size < sizeof(ControlMessage))
                return;
            if (header->Level == Libc.SOL_SOCKET && header->Type == Libc.SCM_RIGHTS)
            {
                for (int* number = (int*)(header + 1); (byte*)(number + 1) <= control + at + size; number++)
                    _handles.Add(new DescriptorHandle(*number));
            }

            at += (size + sizeof(nuint) - 1) & -sizeof(nuint);
        }
    }
}
