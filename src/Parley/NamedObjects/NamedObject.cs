using System.Net;
using Parley.Transports;

namespace Parley;

/// <summary>
/// Things with a name that are made before they are used, and stay when nobody uses them: FIFOs (<see cref="FifoEndPoint"/>, one or a
/// pair), message queues (<see cref="MessageQueueEndPoint"/>) and the queues of a broker (<see cref="AmqpEndPoint"/>, for which the calling thread waits). A name in shared memory (<see cref="SharedMemoryEndPoint"/>) is made by who listens on it: it
/// can be inspected, and removed where it was left behind. Safe for use by any number of threads.
/// </summary>
public static class NamedObject
{
    /// <summary>Whether there is something to create, inspect and remove behind an endpoint.</summary>
    /// <param name="endPoint">Any endpoint.</param>
    /// <returns><see langword="false"/> for sockets, standard streams and everything else that is there only while it is used.</returns>
    public static bool IsNamed(EndPoint endPoint)
    {
        ArgumentNullException.ThrowIfNull(endPoint);
        return TransportSelector.NamedObjectOf(endPoint) is not null;
    }

    /// <summary>Makes it; of a pair of FIFOs both, or none where one cannot be made.</summary>
    /// <param name="endPoint">Its endpoint.</param>
    /// <param name="options">What with; <see langword="null"/> for the defaults.</param>
    /// <exception cref="ConnectionException">
    /// <see cref="Step.Create"/>: with <see cref="Reason.InUse"/> where something of that name exists; with <see cref="Reason.Limit"/> where a
    /// limit of the system's or the user's was met: the message says which, what a queue of these sizes needs, and how to raise it.
    /// </exception>
    /// <exception cref="ArgumentException">There is nothing to make behind such an endpoint, or an option is out of its range.</exception>
    /// <exception cref="PlatformNotSupportedException">It needs another operating system.</exception>
    public static void Create(EndPoint endPoint, NamedObjectOptions? options = null)
        => Of(endPoint).Create((options ?? new NamedObjectOptions()).Snapshot());

    /// <summary>
    /// Looks at it so that nobody notices, and nothing is taken from it. A FIFO is not opened for that; a queue is. In shared memory the server is
    /// asked, for at most 5 s, and takes nobody for a client.
    /// </summary>
    /// <param name="endPoint">Its endpoint.</param>
    /// <param name="accessRules">
    /// In shared memory, which server may be asked, as <see cref="ConnectionOptions.AccessRules"/> says; <see langword="null"/> for one of this user's or root's.
    /// Elsewhere nobody is asked, and it is <see langword="null"/>.
    /// </param>
    /// <returns>One status; two for a pair of FIFOs, in the endpoint's order.</returns>
    /// <exception cref="ConnectionException"><see cref="Step.Open"/>: it is not there, or is something else.</exception>
    /// <exception cref="ArgumentException">There is nothing to inspect behind such an endpoint, or nobody whom rules could be about.</exception>
    /// <exception cref="PlatformNotSupportedException">It needs another operating system.</exception>
    public static IReadOnlyList<NamedObjectStatus> Inspect(EndPoint endPoint, AccessRules? accessRules = null)
    {
        INamedObject named = Of(endPoint);
        return accessRules is null || endPoint is SharedMemoryEndPoint
            ? named.Inspect(accessRules)
            : throw new ArgumentException($"Nobody is asked at {ParleyEndPoint.Format(endPoint)} whom rules could be about.", nameof(accessRules));
    }

    /// <summary>
    /// Removes it; of a pair of FIFOs both; in shared memory only what nobody listens on. Whoever has it open goes on; nobody new can open it. Something else of that name is left alone.
    /// </summary>
    /// <param name="endPoint">Its endpoint.</param>
    /// <exception cref="ConnectionException"><see cref="Step.Remove"/>: it is not there, is something else, or may not be removed.</exception>
    /// <exception cref="ArgumentException">There is nothing to remove behind such an endpoint.</exception>
    /// <exception cref="PlatformNotSupportedException">It needs another operating system.</exception>
    public static void Remove(EndPoint endPoint) => Of(endPoint).Remove();

    /// <summary>
    /// Lists the message queues and the names in shared memory that belong to this process's user. FIFOs, and sockets for shared memory at a path, are
    /// files of any folder, and are not looked for.
    /// </summary>
    /// <returns>What was found, and what cannot be listed here: queues where no <c>mqueue</c> file system is mounted.</returns>
    /// <exception cref="PlatformNotSupportedException">It needs another operating system.</exception>
    public static NamedObjectList List()
        => OperatingSystem.IsLinux() ? TransportSelector.ListNamedObjects() : throw new PlatformNotSupportedException("Listing message queues and shared memory needs Linux.");

    private static INamedObject Of(EndPoint endPoint)
    {
        ArgumentNullException.ThrowIfNull(endPoint);
        INamedObject named = TransportSelector.NamedObjectOf(endPoint)
            ?? throw new ArgumentException($"Nothing stands behind an endpoint of type {endPoint.GetType().Name} when nobody uses it.", nameof(endPoint));
        return endPoint is AmqpEndPoint || OperatingSystem.IsLinux() ? named : throw new PlatformNotSupportedException($"{ParleyEndPoint.Format(endPoint)} needs Linux.");
    }
}
