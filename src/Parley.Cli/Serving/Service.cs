using System.Net;

namespace Parley.Cli.Serving;

/// <summary>What a server does for each client.</summary>
internal abstract class Service
{
    /// <summary>In words that fit between "listen and" and "each client".</summary>
    internal abstract string Description { get; }

    /// <summary>
    /// Serves one client up to the half-close; the caller disposes the connection. Runs on the loop's thread and never blocks it.
    /// </summary>
    internal abstract ValueTask ServeAsync(Connection client, CancellationToken cancellationToken);

    /// <summary>Where it all happens, for statistics.</summary>
    internal virtual string Place(EndPoint local) => ParleyEndPoint.Format(local);

    /// <summary>What each client is told, where it is the same for all and nothing else happens.</summary>
    internal virtual ReadOnlyMemory<byte>? Reply => null;

    /// <summary>How many bytes each client is sent, where that is known before.</summary>
    internal virtual long? Size => null;

    /// <summary>Whether a client whose service failed is to be told by a reset; otherwise the service has seen to it.</summary>
    internal virtual bool ResetsOnFailure => true;

    /// <summary>The exit code of a failure of the service itself, no client's fault, which ends a server that serves one client.</summary>
    internal virtual int? FatalExitCode => null;

    /// <summary>Whether the service says by itself why a conversation was broken off.</summary>
    internal virtual bool ReportsFailures => false;

    /// <summary>Cancelled when the service has done all it wanted to: the server accepts no more, and breaks off those who are left.</summary>
    internal virtual CancellationToken Finished => CancellationToken.None;

    /// <summary>How long those who are left then have to end before they are broken off.</summary>
    internal virtual TimeSpan LongestLeave => TimeSpan.Zero;

    /// <summary>Whether a client that came and went without a failure was served, and was no mere look whether somebody is there.</summary>
    internal virtual bool WasServed(ConnectionStatistics statistics) => true;
}
