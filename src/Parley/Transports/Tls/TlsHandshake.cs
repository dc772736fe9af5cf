using System.Net;
using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;

namespace Parley.Transports.Tls;

/// <summary>Makes an encrypted connection of a plain one, or breaks it off.</summary>
internal static class TlsHandshake
{
    private const SslProtocols Versions = SslProtocols.Tls12 | SslProtocols.Tls13;

    // How long a peer that was refused may take to read why.
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(1);

    internal static async ValueTask<Connection> AsClientAsync(
        Connection plain, TlsIdentity identity, string? host, TlsSettings settings, TimeSpan timeout, CancellationToken cancellationToken)
    {
        var verification = new PeerVerification(identity, identity.Options.ServerName ?? host) { Access = AccessOf(plain, settings) };
        SslClientAuthenticationOptions options = ClientOptions(identity, verification, host);
        return await RunAsync(
            plain, settings, verification, timeout, (engine, deadline) => engine.AuthenticateAsClientAsync(options, deadline), cancellationToken).ConfigureAwait(false);
    }

    /// <summary>What a client asks of the engine, wherever that runs.</summary>
    internal static SslClientAuthenticationOptions ClientOptions(TlsIdentity identity, PeerVerification verification, string? host)
    {
        SslStreamCertificateContext? own = identity.Own;
        return new SslClientAuthenticationOptions
        {
            TargetHost = identity.Options.ServerName ?? host ?? "",
            EnabledSslProtocols = Versions,
            AllowRenegotiation = false,
            ApplicationProtocols = identity.ApplicationProtocols,
            ClientCertificateContext = own,
            LocalCertificateSelectionCallback = own is null ? verification.NoCertificate : null,
            CertificateChainPolicy = verification.Policy(),
            RemoteCertificateValidationCallback = verification.Accepts,
        };
    }

    /// <param name="plain">The client.</param>
    /// <param name="identity">Who this side is.</param>
    /// <param name="settings">What the connection around it needs.</param>
    /// <param name="failed">Told why, before the client is let go: that one may take its time.</param>
    /// <param name="cancellationToken">Gives up.</param>
    internal static async ValueTask<Connection> AsServerAsync(
        Connection plain, TlsIdentity identity, TlsSettings settings, Action<Exception>? failed, CancellationToken cancellationToken)
    {
        var verification = new PeerVerification(identity, name: null) { Access = AccessOf(plain, settings) };
        return await RunAsync(plain, settings, verification, identity.Options.HandshakeTimeout, (engine, deadline) => engine.AuthenticateAsServerAsync(
            new SslServerAuthenticationOptions
            {
                EnabledSslProtocols = Versions,
                AllowRenegotiation = false,
                ApplicationProtocols = identity.ApplicationProtocols,
                ServerCertificateContext = identity.Own,
                ClientCertificateRequired = identity.AsksPeer,

                // Of a client that resumes, only its own certificate is known, and not those that lead from it to an authority.
                AllowTlsResume = !identity.AsksPeer,
                CertificateChainPolicy = verification.Policy(),
                RemoteCertificateValidationCallback = verification.Accepts,
            },
            deadline), cancellationToken, failed).ConfigureAwait(false);
    }

    private static async ValueTask<Connection> RunAsync(
        Connection plain,
        TlsSettings settings,
        PeerVerification verification,
        TimeSpan timeout,
        Func<SslStream, CancellationToken, Task> shakeHands,
        CancellationToken cancellationToken,
        Action<Exception>? failed = null)
    {
        var records = new RecordStream(plain);
        var engine = new SslStream(records, leaveInnerStreamOpen: true);
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        try
        {
            if (timeout != Timeout.InfiniteTimeSpan)
                deadline.CancelAfter(timeout);
            await shakeHands(engine, deadline.Token).ConfigureAwait(false);
            return new TlsConnection(plain, records, engine, settings with { MayBeRefused = verification.IsAsked }, Describe(engine));
        }
        catch (Exception failure)
        {
            Exception explained = cancellationToken.IsCancellationRequested && failure is OperationCanceledException
                ? failure
                : Explain(failure, verification, records, timeout, settings, settings.Outside(plain.RemoteEndPoint ?? plain.LocalEndPoint));
            failed?.Invoke(explained);
            bool hasAlert = failure is AuthenticationException && !TlsFailure.IsForeign(records.Opening);
            await LetGoAsync(plain, explained, hasAlert).ConfigureAwait(false);
            await engine.DisposeAsync().ConfigureAwait(false);
            if (ReferenceEquals(explained, failure))
                throw;
            throw explained;
        }
    }

    private static Exception Explain(
        Exception failure, PeerVerification verification, RecordStream records, TimeSpan timeout, TlsSettings settings, EndPoint? endPoint) => failure switch
        {
            _ when verification.Refusal is { } refusal => new ConnectionException(Step.Handshake, verification.IsDenied ? Reason.Denied : Reason.Untrusted, endPoint, refusal, inner: failure),
            OperationCanceledException => new ConnectionException(Step.Handshake, Reason.TimedOut, endPoint, $"no TLS handshake within {timeout.TotalSeconds:0.###} s"),
            ConnectionException broken => new ConnectionException(Step.Handshake, broken.Reason, settings.Outside(broken.EndPoint), broken.Cause, broken.ErrorNumber, broken),
            AuthenticationException or IOException => TlsFailure.Explain(failure, records, Step.Handshake, endPoint),
            _ => failure,
        };

    private static async ValueTask LetGoAsync(Connection plain, Exception reason, bool hasAlert)
    {
        if (hasAlert)
        {
            try
            {
                // What the engine has told the peer is why it was refused: a reset right behind it would destroy that unread.
                await plain.DisposeAsync().AsTask().WaitAsync(Grace).ConfigureAwait(false);
            }
            catch (Exception expected) when (expected is ConnectionException or TimeoutException)
            {
                // It has gone, or does not end: then it is told nothing more.
            }
        }

        plain.Abort(reason);
        await plain.DisposeAsync().ConfigureAwait(false);
    }

    private static (AccessRules Rules, IPAddress? Address)? AccessOf(Connection plain, TlsSettings settings)
        => settings.Rules is { } rules ? (rules, (plain.RemoteEndPoint as IPEndPoint)?.Address) : null;

    private static TlsInformation Describe(SslStream engine)
    {
        var peer = engine.RemoteCertificate as X509Certificate2;
        return new TlsInformation(
            engine.SslProtocol == SslProtocols.Tls13 ? "TLS 1.3" : "TLS 1.2",
            engine.NegotiatedApplicationProtocol.Protocol.IsEmpty ? null : engine.NegotiatedApplicationProtocol.ToString(),
            peer is null ? null : TlsCertificate.PinOf(peer),
            peer?.Subject);
    }
}
