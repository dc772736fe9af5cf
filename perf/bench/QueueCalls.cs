using System.ComponentModel;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Parley.Bench;

/// <summary>What blocks until a message has gone, or has come.</summary>
internal interface IQueueCalls
{
    void Send(ReadOnlySpan<byte> message);

    /// <returns>The message's length.</returns>
    int Receive(Span<byte> buffer);
}

/// <summary>The library's, without a level of calls in between: each that is returned through after a system call takes 10 ns.</summary>
internal readonly struct LibraryCalls(MessageChannel channel) : IQueueCalls
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Send(ReadOnlySpan<byte> message) => channel.Send(message, default, Timeout.InfiniteTimeSpan);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public int Receive(Span<byte> buffer) => channel.Receive(buffer, Timeout.InfiniteTimeSpan).Length;
}

/// <summary>The system's, with nothing around them: what a program of .NET can reach.</summary>
internal readonly partial struct BareCalls : IQueueCalls
{
    private const int O_RDWR = 2;

    private readonly int _queue;

    internal BareCalls(string name)
    {
        _queue = Open(name, O_RDWR);
        if (_queue < 0)
            throw new IOException($"mq_open {name}: {Marshal.GetLastPInvokeErrorMessage()}");
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Send(ReadOnlySpan<byte> message)
    {
        if (Send(_queue, in MemoryMarshal.GetReference(message), (nuint)message.Length, 0) < 0)
            throw new Win32Exception();
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public int Receive(Span<byte> buffer)
    {
        nint length = Receive(_queue, ref MemoryMarshal.GetReference(buffer), (nuint)buffer.Length, out _);
        return length >= 0 ? (int)length : throw new Win32Exception();
    }

    [LibraryImport("libc", EntryPoint = "mq_open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Open(string name, int flags);

    [LibraryImport("libc", EntryPoint = "mq_send")]
    private static partial int Send(int queue, in byte message, nuint length, uint priority);

    [LibraryImport("libc", EntryPoint = "mq_receive")]
    private static partial nint Receive(int queue, ref byte buffer, nuint length, out uint priority);
}
