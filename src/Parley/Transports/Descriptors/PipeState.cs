using Parley.Interop.Linux;

namespace Parley.Transports.Descriptors;

/// <summary>What the kernel knows of a pipe, whether it has a name or not.</summary>
internal static unsafe class PipeState
{
    /// <summary>Bytes that nobody has read yet; 0 once the descriptor is closed.</summary>
    /// <param name="pipe">Either end.</param>
    internal static int Waiting(DescriptorHandle pipe)
    {
        int waiting = 0;
        try
        {
            return Libc.Ioctl(pipe, Libc.FIONREAD, &waiting) < 0 ? 0 : waiting;
        }
        catch (ObjectDisposedException)
        {
            return 0;
        }
    }
}
