namespace Parley.Tests.Relays;

/// <summary>Two programs that talk through a relay: first ↔ (first's other end, second's other end) ↔ second.</summary>
internal sealed class RelaySetup : IAsyncDisposable
{
    private readonly Pair _left;
    private readonly Pair _right;

    private RelaySetup(Pair left, Pair right, CancellationToken cancellationToken)
    {
        _left = left;
        _right = right;
        Relayed = ConnectionRelay.JoinAsync(left.Server, right.Client, cancellationToken);
    }

    /// <summary>The program on one side.</summary>
    public Connection First => _left.Client;

    /// <summary>The program on the other.</summary>
    public Connection Second => _right.Server;

    public Task<RelayResult> Relayed { get; }

    public static async Task<RelaySetup> JoinAsync(ChannelKind first, ChannelKind second, CancellationToken cancellationToken = default)
        => await JoinAsync(first, second, configureRelay: static _ => { }, cancellationToken);

    /// <summary>The same; what is configured is the relay's two ends.</summary>
    public static async Task<RelaySetup> JoinAsync(
        ChannelKind first, ChannelKind second, Action<ConnectionOptions> configureRelay, CancellationToken cancellationToken = default)
    {
        Pair left = await Pair.ConnectAsync(first, inline: true, options => ConfigureIf(options is ListenerOptions, options));
        Pair right = await Pair.ConnectAsync(second, inline: true, options => ConfigureIf(options is not ListenerOptions, options));
        return new RelaySetup(left, right, cancellationToken);

        void ConfigureIf(bool isRelays, ConnectionOptions options)
        {
            if (isRelays)
                configureRelay(options);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _left.DisposeAsync();
        await _right.DisposeAsync();
        await Record.ExceptionAsync(() => Relayed.Within());
    }
}
