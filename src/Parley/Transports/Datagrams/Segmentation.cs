using Parley.Interop.Linux;

namespace Parley.Transports.Datagrams;

/// <summary>
/// Datagrams of one size and to one peer that go through the kernel as one, which takes them apart as late as it can
/// (<c>UDP_SEGMENT</c>). Safe from any thread.
/// </summary>
internal sealed class Segmentation(DescriptorHandle handle)
{
    /// <summary>How many may go together: what the first kernels that have it take.</summary>
    internal const int MostTogether = 64;

    private const int Unknown = -1;

    private int _largest = Unknown;

    /// <summary>What may go together has at most so many bytes each; 0 where nothing may.</summary>
    internal int Largest => Volatile.Read(ref _largest) is var known and not Unknown ? known : Ask();

    /// <summary>Takes note that the kernel did not take several of that size together.</summary>
    /// <returns><see langword="false"/> where that is not the reason: one by one would fail as well.</returns>
    internal bool TryWithout(int error, int size)
    {
        // Each fits into a packet of the interface, or none may; an interface or a tunnel may lack the means altogether.
        switch (error)
        {
            case Errno.EINVAL or Errno.EMSGSIZE:
                Limit(size - 1);
                return true;
            case Errno.EIO or Errno.EOPNOTSUPP:
                Limit(0);
                return true;
            default:
                return false;
        }
    }

    private unsafe int Ask()
    {
        int value;
        uint length = sizeof(int);
        Limit(Libc.GetSockOpt(handle, Libc.IPPROTO_UDP, Libc.UDP_SEGMENT, &value, &length) == 0 ? int.MaxValue : 0);
        return Volatile.Read(ref _largest);
    }

    private void Limit(int largest)
    {
        while (Volatile.Read(ref _largest) is var known && (uint)largest < (uint)known)
            Interlocked.CompareExchange(ref _largest, largest, known);
    }
}
