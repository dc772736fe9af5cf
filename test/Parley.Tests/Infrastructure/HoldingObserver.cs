namespace Parley.Tests;

/// <summary>Holds the thread that makes the first call of a name, as a busy machine may, until it is let go.</summary>
internal sealed class HoldingObserver(string name) : CallObserver, IDisposable
{
    private readonly TaskCompletionSource _held = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly ManualResetEventSlim _go = new();

    public Task Held => _held.Task;

    public override void OnCall(in SystemCall call)
    {
        if (call.Name == name && _held.TrySetResult())
            _go.Wait();
    }

    public void LetGo() => _go.Set();

    public void Dispose() => _go.Set();
}
