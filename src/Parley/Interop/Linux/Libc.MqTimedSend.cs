using System.Runtime.InteropServices;

namespace Parley.Interop.Linux;

internal static unsafe partial class Libc
{
    /// <param name="queue">The queue.</param>
    /// <param name="message">Its bytes.</param>
    /// <param name="length">How many.</param>
    /// <param name="priority">Its priority.</param>
    /// <param name="until">The time of CLOCK_REALTIME at which to give up, two longs: seconds and nanoseconds; null waits for ever.</param>
    [LibraryImport(Library, EntryPoint = "mq_timedsend", SetLastError = true)]
    internal static partial int MqTimedSend(DescriptorHandle queue, byte* message, nuint length, uint priority, nint* until);

    /// <summary>The same for a descriptor that somebody else keeps open.</summary>
    [LibraryImport(Library, EntryPoint = "mq_timedsend", SetLastError = true)]
    internal static partial int MqTimedSend(int queue, byte* message, nuint length, uint priority, nint* until);
}
