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
    {
        Pair left = await Pair.ConnectAsync(first, inline: true);
        Pair right = await Pair.ConnectAsync(second, inline: true);
        return new RelaySetup(left, right, cancellationToken);
    }

    public async ValueTask DisposeAsync()
    {
        await _left.DisposeAsync();
        await _right.DisposeAsync();
        await Record.ExceptionAsync(() => Relayed.Within());
    }
}
