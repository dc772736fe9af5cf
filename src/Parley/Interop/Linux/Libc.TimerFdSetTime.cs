using System.Runtime.InteropServices;

namespace Parley.Interop.Linux;

internal static unsafe partial class Libc
{
    /// <param name="timer">The timer.</param>
    /// <param name="flags">0: the time is from now.</param>
    /// <param name="value">struct itimerspec: four longs, the interval's seconds and nanoseconds and the first expiry's.</param>
    /// <param name="before">Not asked for.</param>
    [LibraryImport(Library, EntryPoint = "timerfd_settime", SetLastError = true)]
    internal static partial int TimerFdSetTime(DescriptorHandle timer, int flags, nint* value, nint* before);
}
