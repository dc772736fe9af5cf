using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;

namespace Parley.Transports.SharedMemory;

internal sealed unsafe partial class SharedMemoryLink
{
    private readonly long _started = Stopwatch.GetTimestamp();

    /// <summary>Looks at the rings from aside. The peer may have written anything there: numbers to show, and nothing else.</summary>
    /// <returns><see langword="false"/> where the link is closed.</returns>
    internal bool TryDescribe([NotNullWhen(true)] out SharedMemoryConnectionStatus? status)
    {
        status = null;
        lock (_lock)
        {
            // The socket is closed only after that has been set within this lock.
            if (_isClosed || !Socket.TryGetPeerCredentials(out PeerCredentials peer))
                return false;
            RingMemory toServer = IsServer ? Incoming : Outgoing;
            RingMemory toClient = IsServer ? Outgoing : Incoming;
            status = new SharedMemoryConnectionStatus
            {
                ProcessId = peer.ProcessId,
                UserId = peer.UserId,
                Kind = Kind == LinkKind.Bytes ? "bytes" : "messages",
                RingSize = toServer.Capacity,
                BytesToServer = Fill(toServer),
                BytesToClient = Fill(toClient),
                Sleeps = Sum(SharedLayout.ReaderSleeps, SharedLayout.WriterSleeps),
                Wakes = Sum(SharedLayout.ReaderWakes, SharedLayout.WriterWakes),
                Age = Stopwatch.GetElapsedTime(_started),
            };
            return true;
        }
    }

    private static long Fill(RingMemory ring) => Math.Clamp((long)(Read(ring, SharedLayout.Tail) - Read(ring, SharedLayout.Head)), 0, ring.Capacity);

    private ulong Sum(int first, int second)
        => Read(Incoming, first) + Read(Incoming, second) + Read(Outgoing, first) + Read(Outgoing, second);

    private static ulong Read(RingMemory ring, int offset) => Volatile.Read(ref *(ulong*)(ring.Control + offset));
}
