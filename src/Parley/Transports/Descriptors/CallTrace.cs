using System.Diagnostics;
using System.Net;
using Parley.Interop.Linux;

namespace Parley.Transports.Descriptors;

/// <summary>Tells the observer of calls that no connection exists for. One branch when nobody observes.</summary>
internal static class CallTrace
{
    internal static long Now(ConnectionOptions options) => options.CallObserver is null ? 0 : Stopwatch.GetTimestamp();

    internal static void Call(
        ConnectionOptions options, string name, DescriptorHandle handle, long started, long outcome, EndPoint? endPoint,
        TcpStatistics? tcp = null, long argument = -1)
        => options.CallObserver?.Report(name, handle.Number, started, outcome, endPoint, argument, tcp);
}
