using System.Buffers;
using System.IO.Pipelines;
using System.Runtime.InteropServices;

namespace Parley.Tests.Connections;

/// <summary>
/// A connection may be disposed by any thread at any time, as a server does that shuts down: what its user still has in hand must not
/// become another connection's buffer.
/// </summary>
[Collection(nameof(Alone))]
public sealed class BufferOwnershipTests
{
    [Theory]
    [InlineData(ChannelKind.Tcp4)]
    [InlineData(ChannelKind.UnixPath)]
    public async Task DisposeAsync_WhileReadBytesAreInHand_DoesNotGiveThemAway(ChannelKind kind)
    {
        await using Pair pair = await Pair.ConnectAsync(kind);
        await Talk.SendAndEndAsync(pair.Client, "in hand"u8.ToArray()).Within();
        ReadResult result = await pair.Server.Input.ReadAsync().Within();
        while (!result.IsCompleted)
        {
            pair.Server.Input.AdvanceTo(result.Buffer.Start, result.Buffer.End);
            result = await pair.Server.Input.ReadAsync().Within();
        }

        IsNotInThePoolOnceDisposed(pair.Server, result.Buffer.First);
        Assert.Equal("in hand"u8.ToArray(), result.Buffer.ToArray());
    }

    [Theory]
    [InlineData(ChannelKind.Tcp4)]
    [InlineData(ChannelKind.UnixPath)]
    public async Task DisposeAsync_WhileMemoryToFillIsInHand_DoesNotGiveItAway(ChannelKind kind)
    {
        await using Pair pair = await Pair.ConnectAsync(kind);
        await pair.Client.CompleteWritesAsync().Within();
        Assert.Empty(await Talk.ReadToEndAsync(pair.Server).Within());

        IsNotInThePoolOnceDisposed(pair.Server, pair.Server.Output.GetMemory(100));
    }

    /// <summary>The reader is told by its next read, not by the end of the one that went well.</summary>
    [Theory]
    [InlineData(ChannelKind.Tcp4)]
    [InlineData(ChannelKind.UnixPath)]
    public async Task AdvanceTo_DisposedMeanwhile_IsNoMisuse(ChannelKind kind)
    {
        await using Pair pair = await Pair.ConnectAsync(kind);
        await Talk.SendAsync(pair.Client, "abc").Within();
        ReadResult result = await pair.Server.Input.ReadAtLeastAsync(3).Within();
        SequencePosition end = result.Buffer.End;

        await Task.WhenAll(pair.Client.DisposeAsync().AsTask(), pair.Server.DisposeAsync().AsTask()).Within();

        pair.Server.Input.AdvanceTo(end);
    }

    // With nothing to wait for, disposing ends on this thread, and this thread is the first to get what it gave back.
    private static void IsNotInThePoolOnceDisposed(Connection connection, ReadOnlyMemory<byte> inHand)
    {
        Assert.True(MemoryMarshal.TryGetArray(inHand, out ArraySegment<byte> segment));
        Task disposed = connection.DisposeAsync().AsTask();
        Assert.True(disposed.IsCompletedSuccessfully);
        byte[][] rented = [.. Enumerable.Range(0, 100).Select(_ => ArrayPool<byte>.Shared.Rent(segment.Array!.Length))];
        bool isThere = Array.Exists(rented, other => other == segment.Array);
        foreach (byte[] other in rented)
            ArrayPool<byte>.Shared.Return(other);
        Assert.False(isThere, "the buffer was given back to the pool");
    }
}
