using System.Diagnostics.CodeAnalysis;

namespace Parley.Transports.Datagrams;

/// <summary>Lets one of many at a time wait for a descriptor. Allocates only where there is more than one.</summary>
/// <remarks>
/// Whoever has the turn may forget edges, for it tries before it waits; others may try, but not forget: the edge may be meant for what
/// they leave behind.
/// </remarks>
[SuppressMessage("Design", "CA1001", Justification = "The semaphore holds nothing of the system's until its wait handle is asked for.")]
internal readonly struct Turn()
{
    private readonly SemaphoreSlim _free = new(1, 1);

    internal Task EnterAsync(CancellationToken cancellationToken) => _free.WaitAsync(cancellationToken);

    internal void Leave() => _free.Release();
}
