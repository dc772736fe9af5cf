using Parley.Transports.Descriptors;

namespace Parley.Transports.Tls;

/// <summary>How many clients a listener has, by how far they have come.</summary>
/// <param name="MaxConnections">Those who were accepted; <see langword="null"/> for as many as there are descriptors.</param>
/// <param name="MaxHandshakes">Those in their handshake.</param>
/// <param name="Backlog">Those who have made it, and wait to be accepted.</param>
internal sealed record TlsLimits(int? MaxConnections, int MaxHandshakes, int Backlog)
{
    /// <summary>Clients that never speak take half of the descriptors at most: the others are for those who do.</summary>
    internal static TlsLimits Of(ListenerOptions options, TlsOptions tls)
        => new(options.MaxConnections, Math.Min(tls.MaxHandshakes, Math.Max(1, Descriptors(options) / 2)), options.Backlog);

    /// <summary>For the listener underneath, where a client counts from its first moment: those in their handshake take nobody's place.</summary>
    internal ListenerOptions Underneath(ListenerOptions options)
    {
        if (MaxConnections is not int most)
            return options;
        ListenerOptions plain = options.Snapshot();
        plain.MaxConnections = Math.Max(most, (int)Math.Min((long)most + MaxHandshakes, Descriptors(options)));
        return plain;
    }

    private static int Descriptors(ListenerOptions options) => DescriptorLimit.Connections(0, options.DescriptorsPerConnection);
}
