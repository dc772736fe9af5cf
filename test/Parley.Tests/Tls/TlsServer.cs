using System.Net;

namespace Parley.Tests.Tls;

/// <summary>A listener of one test that greets each client, and what a client that connects to it is told.</summary>
internal sealed class TlsServer : IAsyncDisposable
{
    private readonly ConnectionListener _listener;
    private readonly Task _serving;

    private TlsServer(ConnectionListener listener, RecordingLog log)
    {
        _listener = listener;
        Log = log;
        _serving = GreetAllAsync();
    }

    public TlsEndPoint EndPoint => (TlsEndPoint)_listener.LocalEndPoint;

    public RecordingLog Log { get; }

    public static async Task<TlsServer> StartAsync(TlsOptions options, int? maxConnections = null)
    {
        var log = new RecordingLog();
        var local = new TlsEndPoint(new IPEndPoint(IPAddress.Loopback, 0));
        return new TlsServer(await ConnectionListener.BindAsync(local, new ListenerOptions { Tls = options, LoggerFactory = log, MaxConnections = maxConnections }).Within(), log);
    }

    public async Task<Connection> ConnectAsync(TlsOptions options)
        => await Connection.ConnectAsync(EndPoint, new ConnectionOptions { Tls = options }).Within();

    /// <summary>Connects, and reads the greeting.</summary>
    public async Task<TlsInformation> MustGreetAsync(TlsOptions options)
    {
        await using Connection client = await ConnectAsync(options);
        Assert.Equal("hello", await Talk.ReadTextToEndAsync(client).Within());
        Assert.True(client.TryGetTlsInformation(out TlsInformation information));
        return information;
    }

    /// <summary>Connects, and must be refused, at once or when it reads.</summary>
    public async Task<ConnectionException> MustRefuseAsync(TlsOptions options)
    {
        ConnectionException refusal = await Assert.ThrowsAsync<ConnectionException>(() => MustGreetAsync(options));
        Assert.Equal(Reason.Untrusted, refusal.Reason);
        return refusal;
    }

    public async ValueTask DisposeAsync()
    {
        await _listener.DisposeAsync().Within();
        await _serving.Within();
    }

    private async Task GreetAllAsync()
    {
        while (await _listener.AcceptAsync().ConfigureAwait(false) is { } client)
            _ = GreetAsync(client);
    }

    private static async Task GreetAsync(Connection client)
    {
        try
        {
            await Talk.SendAndEndAsync(client, "hello"u8.ToArray()).ConfigureAwait(false);
            await client.DisposeAsync().ConfigureAwait(false);
        }
        catch (ConnectionException)
        {
            // The test's client broke off: that is what it is about.
            client.Abort();
        }
    }
}
