using System.Diagnostics;
using System.Net;

namespace Parley;

internal static class CallObserverReport
{
    /// <summary>Tells of a call that began at <paramref name="started"/>; a negative outcome is an error number.</summary>
    internal static void Report(
        this CallObserver observer, string name, int descriptor, long started, long outcome, EndPoint? endPoint, long argument, TcpStatistics? tcp)
        => observer.OnCall(new SystemCall
        {
            Name = name,
            Descriptor = descriptor,
            Result = outcome < 0 ? -1 : outcome,
            ErrorNumber = outcome < 0 ? (int)-outcome : 0,
            Duration = Stopwatch.GetElapsedTime(started),
            EndPoint = endPoint,
            Argument = argument,
            Tcp = tcp,
        });
}
