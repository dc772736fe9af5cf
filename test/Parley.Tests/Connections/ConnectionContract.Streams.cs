using System.Text;

namespace Parley.Tests.Connections;

public abstract partial class ConnectionContract
{
    [SkippableFact]
    public async Task AsStream_WriteAndRead_CarryTheBytes()
    {
        await using Pair pair = await ConnectAsync();
        Stream client = pair.Client.AsStream();
        Stream server = pair.Server.AsStream();
        byte[] buffer = new byte[16];

        await client.WriteAsync("hello"u8.ToArray()).Within();
        await client.FlushAsync().Within();
        await server.ReadExactlyAsync(buffer.AsMemory(0, 5)).Within();

        Assert.Equal("hello", Encoding.UTF8.GetString(buffer, 0, 5));
        Assert.True(client is { CanRead: true, CanWrite: true, CanSeek: false });
    }

    [SkippableFact]
    public async Task AsStream_SmallBuffer_TakesWhatFits()
    {
        await using Pair pair = await ConnectAsync();
        await Talk.SendAndEndAsync(pair.Client, "abcde"u8.ToArray()).Within();
        Stream server = pair.Server.AsStream();
        byte[] buffer = new byte[2];

        var all = new StringBuilder();
        int count;
        while ((count = await server.ReadAsync(buffer).Within()) > 0)
            all.Append(Encoding.UTF8.GetString(buffer, 0, count));

        Assert.Equal("abcde", all.ToString());
        Assert.Equal(0, await server.ReadAsync(buffer).Within());
    }

    [SkippableFact]
    public async Task AsStream_SynchronousCalls_Block()
    {
        await using Pair pair = await ConnectAsync();
        byte[] buffer = new byte[5];

        Task<int> read = OnItsOwnThread.Run(() => pair.Server.AsStream().ReadAtLeast(buffer, 5));
        await OnItsOwnThread.Run(() => pair.Client.AsStream().Write("hello"u8)).Within();

        Assert.Equal(5, await read.Within());
        Assert.Equal("hello"u8.ToArray(), buffer);
    }

    [SkippableFact]
    public async Task AsStream_CopyToAsync_CopiesToTheEnd()
    {
        await using Pair pair = await ConnectAsync();
        byte[] bytes = Payload.Random(500_000);
        Task sent = Talk.SendAndEndAsync(pair.Client, bytes);
        using var copy = new MemoryStream();

        await pair.Server.AsStream().CopyToAsync(copy).Within();

        Assert.Equal(bytes, copy.ToArray());
        await sent.Within();
    }

    [SkippableFact]
    public async Task AsStream_Disposed_DisposesTheConnection()
    {
        await using Pair pair = await ConnectAsync();
        Stream client = pair.Client.AsStream();
        await client.WriteAsync("last"u8.ToArray()).Within();

        Task closed = client.DisposeAsync().AsTask();
        Assert.Equal("last", await Talk.ReadTextToEndAsync(pair.Server).Within());
        await pair.Server.DisposeAsync().Within();
        await closed.Within();

        Assert.False(client.CanRead);
        Assert.True(pair.Client.Closed.IsCancellationRequested);
        await Assert.ThrowsAsync<ObjectDisposedException>(() => client.ReadExactlyAsync(new byte[1]).Within());
    }

    [SkippableFact]
    public async Task AsStream_LeaveOpen_LeavesTheConnectionOpen()
    {
        await using Pair pair = await ConnectAsync();

        await pair.Client.AsStream(leaveOpen: true).DisposeAsync().Within();

        await CanStillTalkAsync(pair);
    }

    [SkippableFact]
    public async Task AsStream_ReadCancelled_Throws()
    {
        await using Pair pair = await ConnectAsync();
        using var giveUp = new CancellationTokenSource();
        Task read = pair.Server.AsStream(leaveOpen: true).ReadExactlyAsync(new byte[1], giveUp.Token).AsTask();
        Assert.False(read.IsCompleted);

        await giveUp.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => read.Within());
        await CanStillTalkAsync(pair);
    }
}
