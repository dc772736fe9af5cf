using System.Runtime.InteropServices;

namespace Parley.Interop.Linux;

internal static unsafe partial class Libc
{
    /// <param name="queue">The queue.</param>
    /// <param name="buffer">Where to; at least of the queue's message size.</param>
    /// <param name="length">Its size.</param>
    /// <param name="priority">The message's priority.</param>
    /// <param name="until">The time of CLOCK_REALTIME at which to give up, two longs: seconds and nanoseconds; null waits for ever.</param>
    [LibraryImport(Library, EntryPoint = "mq_timedreceive", SetLastError = true)]
    internal static partial nint MqTimedReceive(DescriptorHandle queue, byte* buffer, nuint length, uint* priority, nint* until);

    /// <summary>The same for a descriptor that somebody else keeps open.</summary>
    [LibraryImport(Library, EntryPoint = "mq_timedreceive", SetLastError = true)]
    internal static partial nint MqTimedReceive(int queue, byte* buffer, nuint length, uint* priority, nint* until);
}
