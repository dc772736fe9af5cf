using System.Runtime.CompilerServices;

namespace Parley.Transports.Descriptors;

/// <content>Turns of code on the loop's thread that always finds something to do.</content>
internal sealed partial class EventLoop
{
    // As many as have ever given way at the same time. Used on the loop's thread only.
    private readonly Stack<Readiness> _idleTurns = new();

    /// <summary>
    /// Lets whatever else is ready have its turn, and goes on on the loop's thread. On that thread only. It is nobody's wait: a channel in which others wait gives
    /// way all the same, and none of their waits ends by it.
    /// </summary>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    internal async ValueTask YieldAsync()
    {
        if (!_idleTurns.TryPop(out Readiness? turn))
            turn = new Readiness(this, inline: true);
        await turn.YieldAsync().ConfigureAwait(false);
        _idleTurns.Push(turn);
    }
}
