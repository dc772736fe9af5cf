namespace Parley.Tests.Connections;

/// <summary>What every stream promises, whatever carries it. Each channel runs all of it.</summary>
public abstract partial class ConnectionContract
{
    private readonly ChannelKind _kind;
    private readonly bool _inline;
    private readonly long? _rateLimit;

    private protected ConnectionContract(ChannelKind kind, bool inline = false, long? rateLimit = null)
    {
        _rateLimit = rateLimit;
        _kind = kind;
        _inline = inline;
    }

    private bool IsTcp => _kind is ChannelKind.Tcp4 or ChannelKind.Tcp6;

    private bool IsUnix => _kind is ChannelKind.UnixPath or ChannelKind.UnixAbstract or ChannelKind.NamedPipe;

    private bool IsFifo => _kind == ChannelKind.FifoPair;

    /// <summary>Whether a peer that gives up is told from one that has ended.</summary>
    private bool HasReset => !IsUnix && !IsFifo;

    private Task<Pair> ConnectAsync(Action<ConnectionOptions>? configure = null) => Pair.ConnectAsync(_kind, _inline, configure, _rateLimit);

    private static async Task<ConnectionException> ThrowsAsync(Reason reason, Func<Task> act)
    {
        ConnectionException failure = await Assert.ThrowsAsync<ConnectionException>(() => act().Within());
        Assert.True(failure.Reason == reason, $"{failure.Reason} instead of {reason}: {failure}");
        return failure;
    }
}
