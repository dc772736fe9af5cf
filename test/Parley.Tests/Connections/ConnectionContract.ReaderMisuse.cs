using System.IO.Pipelines;

namespace Parley.Tests.Connections;

public abstract partial class ConnectionContract
{
    [SkippableFact]
    public async Task ReadAsync_WithoutAdvanceTo_Throws()
    {
        await using Pair pair = await ConnectAsync();
        await Talk.SendAsync(pair.Client, "abc").Within();
        await pair.Server.Input.ReadAsync().Within();

        await Assert.ThrowsAsync<InvalidOperationException>(() => pair.Server.Input.ReadAsync().Within());
    }

    [SkippableFact]
    public async Task ReadAsync_AfterComplete_Throws()
    {
        await using Pair pair = await ConnectAsync();
        await pair.Server.Input.CompleteAsync().Within();

        await Assert.ThrowsAsync<InvalidOperationException>(() => pair.Server.Input.ReadAsync().Within());
        Assert.Throws<InvalidOperationException>(() => pair.Server.Input.TryRead(out _));
    }

    [SkippableFact]
    public async Task AdvanceTo_WithoutARead_Throws()
    {
        await using Pair pair = await ConnectAsync();

        IsMisuse(() => pair.Server.Input.AdvanceTo(default));
    }

    [SkippableFact]
    public async Task AdvanceTo_Twice_Throws()
    {
        await using Pair pair = await ConnectAsync();
        await Talk.SendAsync(pair.Client, "abc").Within();
        ReadResult result = await pair.Server.Input.ReadAsync().Within();
        SequencePosition start = result.Buffer.Start;
        pair.Server.Input.AdvanceTo(start);

        IsMisuse(() => pair.Server.Input.AdvanceTo(start));
    }

    [SkippableFact]
    public async Task AdvanceTo_BehindTheEnd_Throws()
    {
        await using Pair pair = await ConnectAsync();
        await Talk.SendAsync(pair.Client, "abc").Within();
        ReadResult result = await pair.Server.Input.ReadAtLeastAsync(3).Within();
        SequencePosition end = result.Buffer.End;

        IsMisuse(() => pair.Server.Input.AdvanceTo(new SequencePosition(end.GetObject(), end.GetInteger() + 1)));
    }

    [SkippableFact]
    public async Task AdvanceTo_ExaminedLessThanConsumed_Throws()
    {
        await using Pair pair = await ConnectAsync();
        await Talk.SendAsync(pair.Client, "abc").Within();
        ReadResult result = await pair.Server.Input.ReadAtLeastAsync(3).Within();
        SequencePosition start = result.Buffer.Start;
        SequencePosition end = result.Buffer.End;

        IsMisuse(() => pair.Server.Input.AdvanceTo(end, start));
    }

    /// <summary>Two readers at once are a mistake: who makes it is told, and who was there first is not left waiting for ever.</summary>
    [SkippableFact]
    public async Task ReadAsync_WhileAnotherOneWaits_ThrowsAndTheFirstGoesOn()
    {
        await using Pair pair = await ConnectAsync();
        Task<ReadResult> first = pair.Server.Input.ReadAsync().AsTask();
        Assert.False(first.IsCompleted);

        await Assert.ThrowsAsync<InvalidOperationException>(() => pair.Server.Input.ReadAsync().Within());
        await Talk.SendAsync(pair.Client, "abc").Within();

        Assert.Equal(3, (await first.Within()).Buffer.Length);
    }

    [SkippableFact]
    public async Task InputComplete_WithReason_Aborts()
    {
        await using Pair pair = await ConnectAsync();

        await pair.Server.Input.CompleteAsync(new InvalidDataException("nonsense")).Within();

        await Eventually.CancelledAsync(pair.Server.Closed);
        await Assert.ThrowsAsync<InvalidDataException>(() => pair.Server.Output.WriteAsync(new byte[1]).Within());
    }

    // Which of the two is left to the channel.
    private static void IsMisuse(Action call)
    {
        Exception? misuse = Record.Exception(call);
        Assert.True(misuse is ArgumentOutOfRangeException or InvalidOperationException, $"{misuse}");
    }
}
