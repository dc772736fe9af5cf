using System.Net.Sockets;

namespace Parley.Tests.Connections;

/// <summary>How a plain peer goes, and what is made of it. A reset is reported by the kernel once, to whichever call comes first.</summary>
public sealed class BreakTests
{
    [Fact]
    public async Task ReadAsync_PeerEndsCleanly_IsCompleted()
    {
        await using RawPair pair = await RawPair.ConnectAsync(ChannelKind.Tcp4);
        await pair.Peer.SendAsync("bye"u8.ToArray()).Within();

        pair.Peer.Close();

        Assert.Equal("bye", await Talk.ReadTextToEndAsync(pair.Connection).Within());
    }

    [Fact]
    public async Task ReadAsync_PeerClosesWithUnreadBytes_IsNoCleanEnd()
    {
        await using RawPair pair = await RawPair.ConnectAsync(ChannelKind.Tcp4);
        await Talk.SendAsync(pair.Connection, "unread").Within();
        await pair.Connection.WaitForDeliveryAsync().Within();

        pair.Peer.Close();

        await IsResetAsync(() => Talk.ReadToEndAsync(pair.Connection));
    }

    [Fact]
    public async Task ReadAsync_AfterAWriteSawTheReset_IsNoCleanEnd()
    {
        await using RawPair pair = await RawPair.ConnectAsync(ChannelKind.Tcp4);
        CancellationToken closed = pair.Connection.Closed;
        RawSocket.Reset(pair.Peer);
        await Eventually.CancelledAsync(closed);

        await IsResetAsync(() => Talk.SendAsync(pair.Connection, "to nobody"));

        await IsResetAsync(() => Talk.ReadToEndAsync(pair.Connection));
    }

    /// <summary>
    /// A server that answers early and goes: the rest of the question is refused, but the answer and its end are whole. The kernel tells
    /// the two apart: a write meets EPIPE behind an end, and ECONNRESET where there was none.
    /// </summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task ReadAsync_PeerEndedCleanlyAndThenRefusedMore_IsACleanEnd(bool isWatched)
    {
        for (int i = 0; i < 50; i++)
        {
            await using RawPair pair = await RawPair.ConnectAsync(ChannelKind.Tcp4);
            Assert.Equal(isWatched, isWatched && !pair.Connection.Closed.IsCancellationRequested);
            await pair.Peer.SendAsync("answer"u8.ToArray()).Within();
            pair.Peer.Close();

            await IsResetAsync(() => SendOnAsync(pair.Connection));

            Assert.Equal("answer", await Talk.ReadTextToEndAsync(pair.Connection).Within());
        }
    }

    /// <summary>What was on its way to a peer that is gone is not delivered, however long one waits.</summary>
    [Fact]
    public async Task WaitForDeliveryAsync_AfterAWriteSawTheReset_Throws()
    {
        await using RawPair pair = await RawPair.ConnectAsync(ChannelKind.Tcp4);
        Task stuck = Talk.SendAsync(pair.Connection, new byte[Payload.TooMuch(ChannelKind.Tcp4)]);
        Assert.False(stuck.IsCompleted);
        RawSocket.Reset(pair.Peer);
        await IsResetAsync(() => stuck);

        await IsResetAsync(() => pair.Connection.WaitForDeliveryAsync().AsTask());

        await IsResetAsync(() => Talk.ReadToEndAsync(pair.Connection));
    }

    [Fact]
    public async Task ReadAsync_AfterWaitForDeliverySawTheReset_IsNoCleanEnd()
    {
        await using RawPair pair = await RawPair.ConnectAsync(ChannelKind.Tcp4);
        using var giveUp = new CancellationTokenSource();
        Task stuck = pair.Connection.Output.WriteAsync(new byte[Payload.TooMuch(ChannelKind.Tcp4)], giveUp.Token).AsTask();
        Assert.False(stuck.IsCompleted);
        await giveUp.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => stuck.Within());
        Task delivered = pair.Connection.WaitForDeliveryAsync().AsTask();
        Assert.False(delivered.IsCompleted);

        RawSocket.Reset(pair.Peer);

        await IsResetAsync(() => delivered);
        await IsResetAsync(() => Talk.ReadToEndAsync(pair.Connection));
    }

    /// <summary>There is nothing to wait for when the peer is known to be gone.</summary>
    [Fact]
    public async Task DisposeAsync_PeerResetWithBytesInFlight_SaysSoAtOnce()
    {
        await using RawPair pair = await RawPair.ConnectAsync(ChannelKind.Tcp4, options => options.CloseTimeout = TimeSpan.FromHours(1));
        Task stuck = Talk.SendAsync(pair.Connection, new byte[Payload.TooMuch(ChannelKind.Tcp4)]);
        Task read = pair.Connection.Input.ReadAsync().AsTask();
        Assert.False(stuck.IsCompleted);
        RawSocket.Reset(pair.Peer);
        await Record.ExceptionAsync(() => stuck.Within());
        await Record.ExceptionAsync(() => read.Within());

        Exception? failure = await Record.ExceptionAsync(() => pair.Connection.DisposeAsync().Within());

        Assert.True(failure is null or ConnectionException { Reason: Reason.Reset }, $"{failure}");
    }

    [Fact]
    public async Task DisposeAsync_PeerClosedWithoutReading_TellsThatBytesWereLost()
    {
        await using RawPair pair = await RawPair.ConnectAsync(ChannelKind.UnixPath);
        await Talk.SendAsync(pair.Connection, "lost").Within();
        pair.Peer.Close();

        ConnectionException failure = await Assert.ThrowsAsync<ConnectionException>(() => pair.Connection.DisposeAsync().Within());

        Assert.Equal((Step.Close, Reason.Reset), (failure.Step, failure.Reason));
    }

    /// <summary>A byte out of band stops a read short at its mark, with more behind it.</summary>
    [Fact]
    public async Task ReadAsync_UrgentDataAmongTheBytes_LosesNoWakeUp()
    {
        await using RawPair pair = await RawPair.ConnectAsync(ChannelKind.Tcp4);
        Task<byte[]> received = Talk.ReadToEndAsync(pair.Connection);
        for (int i = 0; i < 100; i++)
        {
            await pair.Peer.SendAsync("before"u8.ToArray()).Within();
            pair.Peer.Send("!"u8, SocketFlags.OutOfBand);
            await pair.Peer.SendAsync("after"u8.ToArray()).Within();
        }

        pair.Peer.Shutdown(SocketShutdown.Send);

        // A mark that is overtaken by the next one leaves its byte among the others.
        byte[] others = [.. (await received.Within()).Where(value => value != '!')];
        Assert.Equal(100 * "beforeafter".Length, others.Length);
    }

    private static async Task IsResetAsync(Func<Task> act)
    {
        ConnectionException failure = await Assert.ThrowsAsync<ConnectionException>(() => act().Within());
        Assert.True(failure.Reason == Reason.Reset, $"{failure}");
    }

    private static async Task SendOnAsync(Connection connection)
    {
        byte[] bytes = new byte[1000];
        while (true)
            await connection.Output.WriteAsync(bytes).ConfigureAwait(false);
    }
}
