namespace Parley.Tests;

/// <summary>Remembers every call.</summary>
internal sealed class RecordingObserver : CallObserver
{
    private readonly List<SystemCall> _calls = [];
    private readonly TaskCompletionSource _failed = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public SystemCall[] Calls
    {
        get
        {
            lock (_calls)
                return [.. _calls];
        }
    }

    public IEnumerable<string> Names => Calls.Select(call => call.Name);

    /// <summary>Completed with the first call that failed.</summary>
    public Task Failed => _failed.Task;

    public SystemCall Single(string name) => Assert.Single(Calls, call => call.Name == name);

    public override void OnCall(in SystemCall call)
    {
        lock (_calls)
            _calls.Add(call);
        if (call.ErrorNumber != 0)
            _failed.TrySetResult();
    }
}
