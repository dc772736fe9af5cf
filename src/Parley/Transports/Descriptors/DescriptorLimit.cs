using Parley.Interop.Linux;

namespace Parley.Transports.Descriptors;

/// <summary>How many connections the process's limit on descriptors has room for.</summary>
internal static unsafe class DescriptorLimit
{
    // For what the process opens besides: standard streams, libraries, the loop, files being served.
    private const int LargestReserve = 64;

    /// <param name="inUse">How many the process has open now.</param>
    /// <param name="perConnection">How many each connection takes.</param>
    internal static int Connections(int inUse, int perConnection)
    {
        ResourceLimit limit;
        if (Libc.GetRLimit(Libc.RLIMIT_NOFILE, &limit) < 0 || limit.Soft > int.MaxValue)
            return int.MaxValue;
        int soft = (int)limit.Soft;
        return Math.Max(1, (soft - inUse - Math.Min(LargestReserve, soft / 8)) / perConnection);
    }
}
