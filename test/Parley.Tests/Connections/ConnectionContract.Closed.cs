namespace Parley.Tests.Connections;

public abstract partial class ConnectionContract
{
    [SkippableFact]
    public async Task Closed_WhileTalking_IsNotCancelled()
    {
        await using Pair pair = await ConnectAsync();
        CancellationToken closed = pair.Server.Closed;

        await CanStillTalkAsync(pair);
        await pair.Client.CompleteWritesAsync().Within();
        Assert.Empty(await Talk.ReadToEndAsync(pair.Server).Within());

        Assert.False(closed.IsCancellationRequested);
    }

    [SkippableFact]
    public async Task Closed_Aborted_IsCancelled()
    {
        await using Pair pair = await ConnectAsync();
        CancellationToken closed = pair.Client.Closed;

        pair.Client.Abort();

        await Eventually.CancelledAsync(closed);
    }

    [SkippableFact]
    public async Task Closed_Disposed_IsCancelled()
    {
        await using Pair pair = await ConnectAsync();
        CancellationToken closed = pair.Client.Closed;

        await Task.WhenAll(pair.Client.DisposeAsync().AsTask(), pair.Server.DisposeAsync().AsTask()).Within();

        await Eventually.CancelledAsync(closed);
    }

    [SkippableFact]
    public async Task Closed_AskedForAfterDispose_IsCancelled()
    {
        await using Pair pair = await ConnectAsync();

        await Task.WhenAll(pair.Client.DisposeAsync().AsTask(), pair.Server.DisposeAsync().AsTask()).Within();

        Assert.True(pair.Client.Closed.IsCancellationRequested);
    }

    [SkippableFact]
    public async Task Closed_PeerBreaksOff_IsCancelledThoughNobodyReads()
    {
        await using Pair pair = await ConnectAsync();
        CancellationToken closed = pair.Server.Closed;

        pair.Client.Abort();

        await Eventually.CancelledAsync(closed);
    }

    /// <summary>The break has been seen already, by a read: no further event will tell of it.</summary>
    [SkippableFact]
    public async Task Closed_AskedForAfterPeerBrokeOff_IsCancelled()
    {
        await using Pair pair = await ConnectAsync();
        Task read = pair.Server.Input.ReadAsync().AsTask();
        Assert.False(read.IsCompleted);
        pair.Client.Abort();
        await Record.ExceptionAsync(() => read.Within());
        Assert.True(read.IsCompleted);

        await Eventually.CancelledAsync(pair.Server.Closed);
    }
}
