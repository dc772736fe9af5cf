using System.IO.Pipelines;
using Parley.Transports.Descriptors;

namespace Parley.Tests.Connections;

/// <summary>On which thread code goes on that had to wait.</summary>
public sealed class ContinuationTests
{
    [Theory]
    [InlineData(ChannelKind.Tcp4, false)]
    [InlineData(ChannelKind.Tcp4, true)]
    [InlineData(ChannelKind.UnixPath, false)]
    [InlineData(ChannelKind.UnixPath, true)]
    [InlineData(ChannelKind.SharedMemory, false)]
    [InlineData(ChannelKind.SharedMemory, true)]
    public async Task RunContinuationsInline_WaitingRead_GoesOnWhereItWasAsked(ChannelKind kind, bool inline)
    {
        await using Pair pair = await Pair.ConnectAsync(kind, inline);
        Task<bool> read = ReadsOnLoopAsync(pair.Server);
        Assert.False(read.IsCompleted);

        await Talk.SendAsync(pair.Client, "now").Within();

        Assert.Equal(inline, await read.Within());
    }

    [Theory]
    [InlineData(ChannelKind.Tcp4, false)]
    [InlineData(ChannelKind.Tcp4, true)]
    [InlineData(ChannelKind.UnixPath, false)]
    [InlineData(ChannelKind.UnixPath, true)]
    [InlineData(ChannelKind.SharedMemory, false)]
    [InlineData(ChannelKind.SharedMemory, true)]
    public async Task RunContinuationsInline_WaitingWrite_GoesOnWhereItWasAsked(ChannelKind kind, bool inline)
    {
        await using Pair pair = await Pair.ConnectAsync(kind, inline);
        int size = Payload.TooMuch(kind);
        Task<bool> write = WritesOnLoopAsync(pair.Client, new byte[size]);
        Assert.False(write.IsCompleted);

        await Talk.ReadExactlyAsync(pair.Server, size).Within(Limits.Transfer);

        Assert.Equal(inline, await write.Within());
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task RunContinuationsInline_WaitingAccept_GoesOnWhereItWasAsked(bool inline)
    {
        await using Bound bound = await Bound.ToAsync(ChannelKind.Tcp4, options => options.RunContinuationsInline = inline);
        Task<(Connection? Accepted, bool OnLoop)> accept = AcceptsOnLoopAsync(bound.Listener);
        Assert.False(accept.IsCompleted);

        await bound.ConnectAsync();

        (Connection? accepted, bool onLoop) = await accept.Within();
        Assert.Equal(inline, onLoop);
        accepted!.Abort();
    }

    private static async Task<bool> ReadsOnLoopAsync(Connection connection)
    {
        ReadResult result = await connection.Input.ReadAsync().ConfigureAwait(false);
        bool onLoop = EventLoop.Shared.IsCurrent;
        connection.Input.AdvanceTo(result.Buffer.End);
        return onLoop;
    }

    private static async Task<bool> WritesOnLoopAsync(Connection connection, byte[] bytes)
    {
        await connection.Output.WriteAsync(bytes).ConfigureAwait(false);
        return EventLoop.Shared.IsCurrent;
    }

    private static async Task<(Connection? Accepted, bool OnLoop)> AcceptsOnLoopAsync(ConnectionListener listener)
    {
        Connection? accepted = await listener.AcceptAsync().ConfigureAwait(false);
        return (accepted, EventLoop.Shared.IsCurrent);
    }
}
