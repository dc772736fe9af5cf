using System.Diagnostics;
using System.Net;

namespace Parley.Transports.Tls;

/// <summary>Encrypts what another transport carries; which one is not its affair.</summary>
internal static class TlsTransport
{
    private static readonly TlsSettings Wrapped = TlsSettings.Of(new ConnectionOptions(), hasScheme: false);

    internal static async ValueTask<Connection> ConnectAsync(
        TlsEndPoint remote,
        ConnectionOptions options,
        Func<EndPoint, ConnectionOptions, CancellationToken, ValueTask<Connection>> connect,
        CancellationToken cancellationToken)
    {
        long started = Stopwatch.GetTimestamp();
        TlsOptions tls = options.Tls ?? new TlsOptions();
        var identity = new TlsIdentity(tls, isServer: false, remote);
        TlsSettings settings = TlsSettings.Of(options, hasScheme: true);
        Connection plain;
        try
        {
            plain = await connect(remote.Address, options, cancellationToken).ConfigureAwait(false);
        }
        catch (ConnectionException failure)
        {
            throw settings.Outside(failure, remote);
        }

        try
        {
            return await TlsHandshake.AsClientAsync(plain, identity, remote.Host, settings, Rest(options.ConnectTimeout, started, tls.HandshakeTimeout), cancellationToken).ConfigureAwait(false);
        }
        catch (ConnectionException failure) when (!remote.Equals(failure.EndPoint))
        {
            // As it was asked for: by its name.
            throw new ConnectionException(failure.Step, failure.Reason, remote, failure.Cause, failure.ErrorNumber, failure.InnerException);
        }
    }

    internal static async ValueTask<ConnectionListener> BindAsync(
        TlsEndPoint local,
        ListenerOptions options,
        Func<EndPoint, ListenerOptions, CancellationToken, ValueTask<ConnectionListener>> bind,
        CancellationToken cancellationToken)
    {
        TlsSettings settings = TlsSettings.Of(options, hasScheme: true);
        TlsOptions tls = WithCertificate(options.Tls);
        var log = new TlsListenerLog(options.LoggerFactory, local);
        var identity = new TlsIdentity(tls, isServer: true, local, log.CertificateKept);
        if (settings.Rules is not null && !identity.AsksPeer)
            throw new ArgumentException("Rules about certificates need clients that are asked for one: by their authority or by pins.", nameof(options));
        if (tls.RevocationFile is not null && !identity.AsksPeer)
            throw new ArgumentException("A list of revoked certificates needs clients that are asked for one: by their authority or by pins.", nameof(options));
        TlsLimits limits = TlsLimits.Of(options, tls);
        try
        {
            return new TlsListener(await bind(local.Address, limits.Underneath(options), cancellationToken).ConfigureAwait(false), identity, settings, limits, log);
        }
        catch (ConnectionException failure)
        {
            throw settings.Outside(failure, local);
        }
    }

    internal static async ValueTask<Connection> SecureAsClientAsync(Connection plain, TlsOptions options, CancellationToken cancellationToken)
    {
        if (options is { ServerName: null, DangerousAcceptAnyServer: false, Pins.Count: 0 })
            throw new ArgumentException("Nothing says which server is meant: its name or its key is needed.", nameof(options));
        var identity = new TlsIdentity(options, isServer: false, plain.RemoteEndPoint);
        return await TlsHandshake.AsClientAsync(plain, identity, host: null, Wrapped, options.HandshakeTimeout, cancellationToken).ConfigureAwait(false);
    }

    internal static async ValueTask<Connection> SecureAsServerAsync(Connection plain, TlsOptions options, CancellationToken cancellationToken)
    {
        var identity = new TlsIdentity(WithCertificate(options), isServer: true, plain.LocalEndPoint);
        return await TlsHandshake.AsServerAsync(plain, identity, Wrapped, failed: null, cancellationToken).ConfigureAwait(false);
    }

    private static TlsOptions WithCertificate(TlsOptions? options) => options is { CertificateFile: null, Certificate: null } or null
        ? throw new ArgumentException("A server of TLS needs a certificate with its key.", nameof(options))
        : options;

    private static TimeSpan Rest(TimeSpan whole, long started, TimeSpan handshake)
    {
        if (whole == Timeout.InfiniteTimeSpan)
            return handshake;
        TimeSpan left = whole - Stopwatch.GetElapsedTime(started);
        left = left > TimeSpan.Zero ? left : TimeSpan.FromMilliseconds(1);
        return handshake == Timeout.InfiniteTimeSpan || left < handshake ? left : handshake;
    }
}
