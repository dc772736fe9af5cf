using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics.Arm;
using System.Runtime.Intrinsics.X86;

namespace Parley.Interop.Linux;

internal static unsafe partial class Libc
{
    // Known to the compiler, which leaves out the other branches. Elsewhere the function does it.
    private static nint MqTimedReceiveNumber => X86Base.X64.IsSupported ? 243 : ArmBase.Arm64.IsSupported ? 183 : -1;

    /// <param name="queue">The queue.</param>
    /// <param name="buffer">Where to; at least of the queue's message size.</param>
    /// <param name="length">Its size.</param>
    /// <param name="priority">The message's priority.</param>
    /// <param name="until">The time of CLOCK_REALTIME at which to give up, two longs: seconds and nanoseconds; null waits for ever.</param>
    [LibraryImport(Library, EntryPoint = "mq_timedreceive", SetLastError = true)]
    internal static partial nint MqTimedReceive(DescriptorHandle queue, byte* buffer, nuint length, uint* priority, nint* until);

    /// <summary>The same for a descriptor that somebody else keeps open; the system call itself, as with <see cref="MqTimedSend(int, byte*, int, int, nint*)"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static nint MqTimedReceive(int queue, byte* buffer, int length, uint* priority, nint* until)
        => MqTimedReceiveNumber < 0
            ? MqTimedReceiveFunction(queue, buffer, (nuint)length, priority, until)
            : MqTimedReceiveCall(MqTimedReceiveNumber, queue, buffer, length, priority, until);

    [LibraryImport(Library, EntryPoint = "mq_timedreceive")]
    private static partial nint MqTimedReceiveFunction(int queue, byte* buffer, nuint length, uint* priority, nint* until);

    [LibraryImport(Library, EntryPoint = "syscall")]
    private static partial nint MqTimedReceiveCall(nint number, nint queue, byte* buffer, nint length, uint* priority, nint* until);
}
