using System.Net;

namespace Parley.Transports.Tls;

/// <summary>What an encrypted connection takes from the options of the one underneath, and how its addresses are written.</summary>
internal sealed record TlsSettings(TimeSpan CloseTimeout, bool RunsInline, bool HasScheme)
{
    /// <summary>Whether the server wanted to know who this client is.</summary>
    internal bool MayBeRefused { get; init; }

    /// <summary>Whom this side talks to, besides what makes a certificate valid.</summary>
    internal AccessRules? Rules { get; init; }

    internal static TlsSettings Of(ConnectionOptions options, bool hasScheme)
        => new(options.CloseTimeout, options.RunContinuationsInline, hasScheme) { Rules = options.AccessRules is { NeedsCertificate: true } rules ? rules : null };

    /// <summary>An address as the caller knows it: that of TCP is one of TLS.</summary>
    internal EndPoint? Outside(EndPoint? endPoint) => HasScheme && endPoint is IPEndPoint or DnsEndPoint ? new TlsEndPoint(endPoint) : endPoint;

    /// <summary>A failure underneath as the caller knows the peer.</summary>
    internal ConnectionException Outside(ConnectionException failure, EndPoint? endPoint) => HasScheme && failure.EndPoint is IPEndPoint or DnsEndPoint
        ? new ConnectionException(failure.Step, failure.Reason, endPoint, failure.Cause, failure.ErrorNumber, failure) { UndeliveredBytes = failure.UndeliveredBytes }
        : failure;
}
