using System.Net;

namespace Parley;

/// <summary>Sees the system calls of conversations as they happen. Derive from it and set it in the options.</summary>
public abstract class CallObserver
{
    /// <summary>Called after each call, on the thread that made it: be short, do not block, and do not throw.</summary>
    /// <param name="call">What was called, and what came of it.</param>
    public abstract void OnCall(in SystemCall call);
}

/// <summary>One system call, or one wait for it to be possible and then the call.</summary>
public readonly struct SystemCall
{
    /// <summary>The call by the name that programs use: <c>socket</c>, <c>bind</c>, <c>listen</c>, <c>accept</c>, <c>connect</c>, <c>open</c>, <c>read</c>, <c>write</c>, <c>shutdown</c>, <c>close</c>; of datagrams <c>sendto</c>, <c>recvfrom</c>, and for several at once <c>sendmmsg</c>, <c>recvmmsg</c>; of a child process <c>pipe</c>, <c>spawn</c>, <c>kill</c>, <c>wait</c>; of a message queue <c>mq_open</c>, <c>mq_send</c>, <c>mq_receive</c>.</summary>
    public required string Name { get; init; }

    /// <summary>The descriptor that it was made on, -1 where it made one and failed.</summary>
    public required int Descriptor { get; init; }

    /// <summary>What it returned: bytes, a new descriptor, a number of messages, 0; -1 when it failed.</summary>
    public required long Result { get; init; }

    /// <summary>The error number when it failed, otherwise 0.</summary>
    public int ErrorNumber { get; init; }

    /// <summary>The error number by name, such as <c>ECONNREFUSED</c>; <see langword="null"/> when it did not fail.</summary>
    public string? ErrorName => ErrorNumber == 0 ? null : Interop.Linux.Errno.Name(ErrorNumber);

    /// <summary>How long it took, the wait until it could be made included.</summary>
    public TimeSpan Duration { get; init; }

    /// <summary>The address it was about; <see langword="null"/> where there is none.</summary>
    public EndPoint? EndPoint { get; init; }

    /// <summary>
    /// An argument worth showing: the bytes (or messages) asked for, the backlog, 0 for an open to read and 1 for one to write, the child's standard stream that a pipe is for, the signal that was
    /// sent or (0 for none) ended a child, a message's priority; -1 where there is none.
    /// </summary>
    public long Argument { get; init; }

    /// <summary>What the kernel says of a TCP connection at this moment; <see langword="null"/> for other calls and channels.</summary>
    public TcpStatistics? Tcp { get; init; }
}

/// <summary>What the kernel knows of a TCP connection (TCP_INFO).</summary>
/// <param name="RoundTrip">The smoothed round-trip time.</param>
/// <param name="RoundTripVariation">Its variation.</param>
/// <param name="Retransmits">Segments sent again since the connection was made.</param>
/// <param name="BytesAcknowledged">Bytes that the peer's kernel has acknowledged.</param>
/// <param name="BytesReceived">Bytes received from the peer.</param>
public sealed record TcpStatistics(
    TimeSpan RoundTrip, TimeSpan RoundTripVariation, long Retransmits, long BytesAcknowledged, long BytesReceived);
