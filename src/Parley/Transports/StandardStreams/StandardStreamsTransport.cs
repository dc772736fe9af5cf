using Parley.Interop.Linux;
using Parley.Transports.Descriptors;

namespace Parley.Transports.StandardStreams;

/// <summary>Joins standard input and output to one connection.</summary>
internal static class StandardStreamsTransport
{
    private const int StandardInput = 0;
    private const int StandardOutput = 1;

    private static int _opened;

    internal static Connection Open(ConnectionOptions options)
    {
        if (!OperatingSystem.IsLinux())
            throw new PlatformNotSupportedException("Standard streams as an endpoint need Linux.");
        if (Interlocked.Exchange(ref _opened, 1) != 0)
            throw new ConnectionException(Step.Open, Reason.InUse, StandardStreamsEndPoint.Instance, "standard input and output are in use already");

        // They are nobody's peer: no timeout applies, and no call on them is one of the tutorial's.
        options.IdleTimeout = options.WriteTimeout = Timeout.InfiniteTimeSpan;
        options.CallObserver = null;
        (Descriptor input, StandardStreamKind inputKind) = StandardStream.Open(StandardInput, Libc.O_RDONLY, options.RunContinuationsInline);
        (Descriptor output, StandardStreamKind outputKind) = StandardStream.Open(StandardOutput, Libc.O_WRONLY, options.RunContinuationsInline);
        return new StandardStreamsConnection(input, inputKind, output, outputKind, options);
    }
}
