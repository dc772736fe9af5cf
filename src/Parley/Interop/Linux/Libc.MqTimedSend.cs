using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics.Arm;
using System.Runtime.Intrinsics.X86;

namespace Parley.Interop.Linux;

internal static unsafe partial class Libc
{
    // Known to the compiler, which leaves out the other branches. Elsewhere the function does it.
    private static nint MqTimedSendNumber => X86Base.X64.IsSupported ? 242 : ArmBase.Arm64.IsSupported ? 182 : -1;

    /// <param name="queue">The queue.</param>
    /// <param name="message">Its bytes.</param>
    /// <param name="length">How many.</param>
    /// <param name="priority">Its priority.</param>
    /// <param name="until">The time of CLOCK_REALTIME at which to give up, two longs: seconds and nanoseconds; null waits for ever.</param>
    [LibraryImport(Library, EntryPoint = "mq_timedsend", SetLastError = true)]
    internal static partial int MqTimedSend(DescriptorHandle queue, byte* message, nuint length, uint priority, nint* until);

    /// <summary>
    /// The same for a descriptor that somebody else keeps open. It is the system call itself where its number is known: the function is a point at which
    /// threads may be cancelled, which takes two interlocked operations. Keeps no error number: <see cref="Errno.Current"/> has it right after the call.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static nint MqTimedSend(int queue, byte* message, int length, int priority, nint* until)
        => MqTimedSendNumber < 0
            ? MqTimedSendFunction(queue, message, (nuint)length, (uint)priority, until)
            : MqTimedSendCall(MqTimedSendNumber, queue, message, length, priority, until);

    [LibraryImport(Library, EntryPoint = "mq_timedsend")]
    private static partial int MqTimedSendFunction(int queue, byte* message, nuint length, uint priority, nint* until);

    [LibraryImport(Library, EntryPoint = "syscall")]
    private static partial nint MqTimedSendCall(nint number, nint queue, byte* message, nint length, nint priority, nint* until);
}
