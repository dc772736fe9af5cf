using System.Threading.Tasks.Sources;

namespace Parley;

/// <summary>One of those who wait in a <see cref="WaitList"/>. Used again and again.</summary>
internal sealed class Waiter(WaitList list) : IValueTaskSource
{
    private ManualResetValueTaskSourceCore<bool> _core;
    private CancellationTokenRegistration _cancellation;
    private CancellationToken _cancellationToken;

    internal Waiter? Next { get; set; }

    internal ValueTask Begin(CancellationToken cancellationToken)
    {
        _core.Reset();
        _cancellationToken = cancellationToken;
        var wait = new ValueTask(this, _core.Version);
        _cancellation = cancellationToken.UnsafeRegister(static waiter => ((Waiter)waiter!).Cancel(), this);
        return wait;
    }

    /// <param name="isLast">Whether the caller has nothing else to do: then the code that waited goes on at once, on its thread.</param>
    internal void Wake(bool isLast)
    {
        _core.RunContinuationsAsynchronously = !isLast;
        _core.SetResult(true);
    }

    void IValueTaskSource.GetResult(short token)
    {
        try
        {
            _core.GetResult(token);
        }
        finally
        {
            // Waits for a cancellation that is under way: it must not meet the next wait.
            _cancellation.Dispose();
            list.Keep(this);
        }
    }

    ValueTaskSourceStatus IValueTaskSource.GetStatus(short token) => _core.GetStatus(token);

    void IValueTaskSource.OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags)
        => _core.OnCompleted(continuation, state, token, flags);

    private void Cancel()
    {
        if (!list.TryRemove(this))
            return;
        _core.RunContinuationsAsynchronously = true;
        _core.SetException(new OperationCanceledException(_cancellationToken));
    }
}
