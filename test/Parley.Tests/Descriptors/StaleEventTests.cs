using System.IO.Pipelines;
using System.Net;
using System.Net.Sockets;

namespace Parley.Tests.Descriptors;

/// <summary>
/// The loop takes many events at once. One of a descriptor that was closed by the event before it must not be taken for one of the next
/// connection, which the kernel gives the same number.
/// </summary>
[Collection(nameof(Alone))]
public sealed class StaleEventTests
{
    [SkippableFact]
    public async Task Closed_NumberOfABrokenConnection_IsNotCancelled()
    {
        await using RawPair trigger = await RawPair.ConnectAsync(ChannelKind.UnixPath, options => options.RunContinuationsInline = true);
        await using RawPair first = await RawPair.ConnectAsync(ChannelKind.UnixPath, options => options.RunContinuationsInline = true);
        var atBroken = new RecordingObserver();
        await using RawPair broken = await RawPair.ConnectAsync(ChannelKind.UnixPath, options => options.CallObserver = atBroken);
        using var place = new Place(ChannelKind.UnixPath);
        using Socket listener = RawSocket.Listen(place.EndPoint);
        var atNext = new RecordingObserver();
        var options = new ConnectionOptions { CallObserver = atNext };
        using var bothHappened = new ManualResetEventSlim();
        var isHeld = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        Assert.False(broken.Connection.Closed.IsCancellationRequested);

        // The loop is held while both events come, so that it finds them together.
        Task held = HoldAsync(trigger.Connection, isHeld, bothHappened);
        Task<Connection> replaced = ReplaceAsync(first.Connection, broken.Connection, place.EndPoint, options);
        await trigger.Peer.SendAsync("x"u8.ToArray()).Within();
        await isHeld.Task.Within();
        await first.Peer.SendAsync("x"u8.ToArray()).Within();
        broken.Peer.Close();
        bothHappened.Set();
        await held.Within();
        Connection next = await replaced.Within();
        Skip.IfNot(atNext.Single("socket").Result == atBroken.Single("socket").Result, "another thread was given the number");

        // What comes later by the same way has come: so would have what must not come.
        await using RawPair marker = await RawPair.ConnectAsync(ChannelKind.UnixPath);
        CancellationToken later = marker.Connection.Closed;
        marker.Peer.Close();
        await Eventually.CancelledAsync(later);
        using Socket peer = await listener.AcceptAsync().Within();
        await peer.SendAsync("on"u8.ToArray()).Within();
        Assert.Equal("on", await Talk.ReadTextAsync(next, 2).Within());
        Assert.False(next.Closed.IsCancellationRequested);
        next.Abort();
    }

    private static async Task HoldAsync(Connection connection, TaskCompletionSource isHeld, ManualResetEventSlim until)
    {
        ReadResult result = await connection.Input.ReadAsync().ConfigureAwait(false);
        connection.Input.AdvanceTo(result.Buffer.End);
        isHeld.SetResult();
        Assert.True(until.Wait(Limits.Wait));
    }

    private static async Task<Connection> ReplaceAsync(
        Connection first, Connection broken, EndPoint endPoint, ConnectionOptions options)
    {
        ReadResult result = await first.Input.ReadAsync().ConfigureAwait(false);
        first.Input.AdvanceTo(result.Buffer.End);
        broken.Abort();
        Connection next = await Connection.ConnectAsync(endPoint, options).ConfigureAwait(false);
        _ = next.Closed;
        return next;
    }
}
