using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using Parley.Transports.Tls;
using RabbitMQ.Client;

namespace Parley.RabbitMQ;

/// <summary>
/// The socket that the client talks through. It is this library's own, so that a server is verified as at <c>tls:</c> endpoints, and so that a client that hangs is ended by closing it.
/// </summary>
internal sealed class BrokerSocket(AmqpEndPoint queue, TlsIdentity? identity, AddressFamily family) : ITcpClient
{
    private SslStream? _encrypted;

    public Socket Client { get; } = new(family, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };

    public bool Connected => Client.Connected;

    public TimeSpan ReceiveTimeout
    {
        get => TimeSpan.FromMilliseconds(Client.ReceiveTimeout);
        set => Client.ReceiveTimeout = (int)value.TotalMilliseconds;
    }

    public async Task ConnectAsync(IPAddress host, int port, CancellationToken cancellationToken = default)
    {
        await Client.ConnectAsync(host, port, cancellationToken).ConfigureAwait(false);
        if (identity is not null)
            await ShakeHandsAsync(identity, cancellationToken).ConfigureAwait(false);
    }

    public NetworkStream GetStream() => _encrypted is null ? new NetworkStream(Client) : new EncryptedStream(Client, _encrypted);

    public void Close() => Client.Close();

    public void Dispose()
    {
        _encrypted?.Dispose();
        Client.Dispose();
    }

    private async Task ShakeHandsAsync(TlsIdentity trusted, CancellationToken cancellationToken)
    {
        var verification = new PeerVerification(trusted, trusted.Options.ServerName ?? queue.Host);
        var engine = new SslStream(new NetworkStream(Client), leaveInnerStreamOpen: false);
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        if (trusted.Options.HandshakeTimeout != Timeout.InfiniteTimeSpan)
            deadline.CancelAfter(trusted.Options.HandshakeTimeout);
        try
        {
            await engine.AuthenticateAsClientAsync(TlsHandshake.ClientOptions(trusted, verification, queue.Host), deadline.Token).ConfigureAwait(false);
            _encrypted = engine;
        }
        catch (Exception failure) when (failure is AuthenticationException or IOException or OperationCanceledException)
        {
            await engine.DisposeAsync().ConfigureAwait(false);
            cancellationToken.ThrowIfCancellationRequested();
            throw verification.Refusal is { } refusal
                ? new ConnectionException(Step.Handshake, Reason.Untrusted, queue, refusal, inner: failure)
                : failure switch
                {
                    OperationCanceledException => new ConnectionException(Step.Handshake, Reason.TimedOut, queue, $"no TLS handshake within {trusted.Options.HandshakeTimeout.TotalSeconds:0.###} s"),
                    AuthenticationException => new ConnectionException(Step.Handshake, Reason.Untrusted, queue, $"TLS failed: {(failure.InnerException ?? failure).Message.TrimEnd('.')}", inner: failure),
                    _ => new ConnectionException(Step.Handshake, Reason.Reset, queue, "the broker ended the connection during the TLS handshake", inner: failure),
                };
        }
    }
}
