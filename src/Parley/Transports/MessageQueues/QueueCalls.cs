using Parley.Interop.Linux;

namespace Parley.Transports.MessageQueues;

/// <summary>Sending and receiving without waiting. Each returns 0 or the error number.</summary>
internal static unsafe class QueueCalls
{
    internal static int TrySend(DescriptorHandle queue, ReadOnlySpan<byte> message, int priority)
    {
        fixed (byte* bytes = message)
            return Libc.MqTimedSend(queue, bytes, (nuint)message.Length, (uint)priority, until: null) == 0 ? 0 : Errno.Last;
    }

    internal static int TryReceive(DescriptorHandle queue, Span<byte> buffer, out int length, out int priority)
    {
        uint its = 0;
        int error = TryReceive(queue, buffer, out length, ref its);
        priority = (int)its;
        return error;
    }

    /// <summary>The same; the kernel writes the priority, and then the message, and this process nothing.</summary>
    internal static int TryReceive(DescriptorHandle queue, Span<byte> buffer, out int length, ref uint priority)
    {
        fixed (byte* bytes = buffer)
        fixed (uint* its = &priority)
            length = (int)Libc.MqTimedReceive(queue, bytes, (nuint)buffer.Length, its, until: null);
        return length >= 0 ? 0 : Errno.Last;
    }
}
