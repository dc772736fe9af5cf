using System.IO.Pipelines;

namespace Parley.Tests.Connections;

public abstract partial class ConnectionContract
{
    [SkippableFact]
    public async Task Abort_WhileAReadAndAWriteWait_EndsBoth()
    {
        await using Pair pair = await ConnectAsync();
        Task read = pair.Client.Input.ReadAsync().AsTask();
        Task write = Talk.SendAsync(pair.Client, new byte[Payload.TooMuch(_kind)]);
        Assert.False(read.IsCompleted);
        Assert.False(write.IsCompleted);

        pair.Client.Abort();

        await ThrowsAsync(Reason.Aborted, () => read);
        await ThrowsAsync(Reason.Aborted, () => write);
    }

    [SkippableFact]
    public async Task Abort_WithReason_IsWhatCallsThrow()
    {
        await using Pair pair = await ConnectAsync();
        var reason = new InvalidDataException("nonsense");
        Task read = pair.Client.Input.ReadAsync().AsTask();
        Assert.False(read.IsCompleted);

        pair.Client.Abort(reason);

        Assert.Same(reason, await Assert.ThrowsAsync<InvalidDataException>(() => read.Within()));
        Assert.Same(reason, await Assert.ThrowsAsync<InvalidDataException>(() => pair.Client.Input.ReadAsync().Within()));
        Assert.Same(reason, await Assert.ThrowsAsync<InvalidDataException>(() => pair.Client.Output.WriteAsync(new byte[1]).Within()));
        Assert.Same(reason, await Assert.ThrowsAsync<InvalidDataException>(() => pair.Client.CompleteWritesAsync().Within()));
        Assert.Throws<InvalidDataException>(() => pair.Client.Output.GetMemory());
    }

    [SkippableFact]
    public async Task Abort_Twice_TheFirstReasonStays()
    {
        await using Pair pair = await ConnectAsync();

        pair.Client.Abort(new InvalidDataException("first"));
        pair.Client.Abort(new InvalidDataException("second"));

        InvalidDataException thrown = await Assert.ThrowsAsync<InvalidDataException>(() => pair.Client.Input.ReadAsync().Within());
        Assert.Equal("first", thrown.Message);
    }

    /// <summary>A break is not an end. Unix sockets and FIFOs have no reset: with sockets it shows as one only where unread bytes were lost.</summary>
    [SkippableFact]
    public async Task Abort_PeerReads_SeesAReset()
    {
        await using Pair pair = await ConnectAsync();
        Task<ReadResult> read = pair.Server.Input.ReadAsync().AsTask();
        Assert.False(read.IsCompleted);

        pair.Client.Abort();

        if (!HasReset)
        {
            Assert.True((await read.Within()).IsCompleted);
            return;
        }

        ConnectionException failure = await ThrowsAsync(Reason.Reset, () => read);
        Assert.Equal((Step.Read, "ECONNRESET"), (failure.Step, failure.ErrorName));
        Assert.True(pair.Server.Statistics.EndedByPeer);
        await ThrowsAsync(Reason.Reset, () => pair.Server.Input.ReadAsync().AsTask());
    }

    [SkippableFact]
    public async Task Abort_UnreadInput_PeerSeesAReset()
    {
        Skip.If(IsFifo, "who reads a FIFO sees its end, whatever became of the other one");
        await using Pair pair = await ConnectAsync();
        await Talk.SendAsync(pair.Server, "unread").Within();
        ReadResult arrived = await pair.Client.Input.ReadAsync().Within();
        pair.Client.Input.AdvanceTo(arrived.Buffer.End);
        await Talk.SendAsync(pair.Server, "unread").Within();

        pair.Client.Abort();

        await ThrowsAsync(Reason.Reset, () => pair.Server.Input.ReadAsync().AsTask());
    }

    [SkippableFact]
    public async Task Abort_PeerWrites_ItsWaitEnds()
    {
        await using Pair pair = await ConnectAsync();
        Task write = Talk.SendAsync(pair.Server, new byte[Payload.TooMuch(_kind)]);
        Assert.False(write.IsCompleted);

        pair.Client.Abort();

        ConnectionException failure = await ThrowsAsync(Reason.Reset, () => write);
        Assert.Equal(Step.Write, failure.Step);
    }

    [SkippableFact]
    public async Task Abort_PeerWritesLater_IsTold()
    {
        await using Pair pair = await ConnectAsync();
        pair.Client.Abort();
        await Eventually.CancelledAsync(pair.Server.Closed);

        ConnectionException failure = await ThrowsAsync(Reason.Reset, () => Talk.SendAsync(pair.Server, new byte[1]));

        Assert.Equal(Step.Write, failure.Step);
    }

    /// <summary>Who learns of a break by writing must not be told afterwards, by reading, that all ended well.</summary>
    [SkippableFact]
    public async Task Abort_PeerWritesAndThenReads_NeverSeesAnEnd()
    {
        await using Pair pair = await ConnectAsync();
        pair.Client.Abort();
        await Eventually.CancelledAsync(pair.Server.Closed);
        await Record.ExceptionAsync(() => Talk.SendAsync(pair.Server, new byte[1]).Within());

        Exception? failure = await Record.ExceptionAsync(() => Talk.ReadToEndAsync(pair.Server).Within());

        Assert.True(failure is ConnectionException { Reason: Reason.Reset } || (!HasReset && failure is null), $"{failure}");
    }

    [SkippableFact]
    public async Task OutputComplete_WithReason_Aborts()
    {
        await using Pair pair = await ConnectAsync();
        var reason = new InvalidDataException("nonsense");

        pair.Client.Output.Complete(reason);

        Assert.Same(reason, await Assert.ThrowsAsync<InvalidDataException>(() => pair.Client.Input.ReadAsync().Within()));
        if (HasReset)
            await ThrowsAsync(Reason.Reset, () => pair.Server.Input.ReadAsync().AsTask());
    }
}
