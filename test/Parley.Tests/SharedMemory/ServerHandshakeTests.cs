using System.Buffers.Binary;
using System.Net.Sockets;
using Parley.Transports.SharedMemory;

namespace Parley.Tests.SharedMemory;

public sealed class ServerHandshakeTests
{
    [Theory]
    [InlineData(0, 0x51, 3)] // magic
    [InlineData(8, 0, 1)] // version 0
    [InlineData(8, 2, 1)] // version 2
    [InlineData(10, 0, 2)] // kind 0
    [InlineData(10, 2, 2)] // messages, where bytes are served
    [InlineData(10, 9, 2)]
    [InlineData(12, 2, 3)] // a feature that nobody knows
    [InlineData(15, 0x80, 3)]
    [InlineData(16, 1, 3)] // capacity 1
    [InlineData(17, 0x18, 3)] // capacity 6144
    [InlineData(20, 1, 3)] // capacity 4 GiB
    [InlineData(23, 0x80, 3)]
    [InlineData(24, 1, 3)] // reserved
    [InlineData(63, 1, 3)]
    public async Task Hello_WithAWrongByte_IsAnsweredByItsStatus(int offset, byte value, uint status)
    {
        await using var links = new Links();
        byte[] hello = new Hello(LinkKind.Bytes, 0, 0).ToBytes();
        hello[offset] = value;
        using Socket client = await links.ConnectRawAsync();

        await client.SendAsync(hello).Within();
        byte[] answer = await RawSocket.ReadToEndAsync(client);

        Assert.Equal(SharedLayout.WelcomeSize, answer.Length);
        Assert.Equal("PARLEYSM"u8, answer.AsSpan(0, 8));
        Assert.Equal(SharedLayout.Version, BinaryPrimitives.ReadUInt16LittleEndian(answer.AsSpan(8)));
        Assert.Equal(status, BinaryPrimitives.ReadUInt32LittleEndian(answer.AsSpan(16)));
        Assert.Equal(new byte[SharedLayout.WelcomeSize - 20], answer[20..]);
        await AssertServesAsync(links);
    }

    [Fact]
    public async Task Hello_ByteByByte_IsUnderstood()
    {
        await using var links = new Links();
        using Socket client = await links.ConnectRawAsync();
        foreach (byte piece in new Hello(LinkKind.Bytes, 0, 8192).ToBytes())
            await client.SendAsync(new[] { piece }).Within();

        byte[] welcome = await RawSocket.ReadExactlyAsync(client, SharedLayout.WelcomeSize);
        Assert.Equal(8192, Welcome.Read(welcome, LinkKind.Bytes).Shape.Capacity);
        byte[] ready = [.. "PARLEYOK"u8, 0, 0, 0, 0, 0, 0, 0, 0];
        foreach (byte piece in ready)
            await client.SendAsync(new[] { piece }).Within();

        SharedMemoryLink link = await links.AcceptAsync();
        Assert.False(link.HasEnded);
        Assert.False(link.UsesMembarrier);
        link.Close();
    }

    [Theory]
    [InlineData(0)]
    [InlineData(8)]
    [InlineData(15)]
    public async Task Ready_WithAWrongByte_EndsIt(int offset)
    {
        await using var links = new Links();
        using Socket client = await links.ConnectRawAsync();
        await client.SendAsync(new Hello(LinkKind.Bytes, 0, 0).ToBytes()).Within();
        await RawSocket.ReadExactlyAsync(client, SharedLayout.WelcomeSize);
        byte[] ready = [.. "PARLEYOK"u8, 0, 0, 0, 0, 0, 0, 0, 0];
        ready[offset] ^= 1;

        await client.SendAsync(ready).Within();

        Assert.Empty(await RawSocket.ReadToEndAsync(client));
        await AssertServesAsync(links);
    }

    [Fact]
    public async Task SilentAndHalfSilentClients_KeepNobodyWaiting()
    {
        await using var links = new Links();
        var silent = new List<Socket>();
        try
        {
            for (int i = 0; i < 20; i++)
            {
                silent.Add(await links.ConnectRawAsync());
                if (i % 2 == 0)
                    await silent[i].SendAsync("PARLEY"u8.ToArray()).Within();
            }

            await AssertServesAsync(links);
        }
        finally
        {
            silent.ForEach(static socket => socket.Dispose());
        }
    }

    [Theory]
    [InlineData(0)]
    [InlineData(10)]
    [InlineData(64)]
    public async Task ClientGoesInTheMiddle_TheNextOneIsServed(int said)
    {
        await using var links = new Links();
        using (Socket client = await links.ConnectRawAsync())
            await client.SendAsync(new Hello(LinkKind.Bytes, 0, 0).ToBytes().AsMemory(0, said)).Within();

        await AssertServesAsync(links);
    }

    [Theory]
    [InlineData(LinkKind.Bytes, false)]
    [InlineData(LinkKind.Messages, true)]
    public async Task Features_OfParleysOwnPeers_LeaveTheFenceToTheSleeperForMessages(object kind, bool leaves)
    {
        await using var links = new Links((LinkKind)kind);

        SharedMemoryLink client = await links.ConnectAsync((LinkKind)kind);
        SharedMemoryLink server = await links.AcceptAsync();

        leaves &= Membarrier.IsAvailable;
        Assert.Equal((leaves, leaves), (client.UsesMembarrier, server.UsesMembarrier));
        client.Close();
        server.Close();
    }

    [Theory]
    [InlineData(null, null, 2 << 20)]
    [InlineData(8192, null, 8192)]
    [InlineData(null, 4096, 4096)]
    [InlineData(8192, 4096, 4096)]
    [InlineData(4096, 16384, 4096)]
    [InlineData(1 << 22, 1 << 22, 1 << 22)]
    public async Task Capacity_IsWhatIsAskedForUpToTheServers(int? served, int? asked, int given)
    {
        await using var links = new Links(configure: options => options.RingSize = served);

        SharedMemoryLink client = await links.ConnectAsync(ringSize: asked);
        SharedMemoryLink server = await links.AcceptAsync();

        given = Math.Max(given, Environment.SystemPageSize);
        Assert.Equal((given, given), (client.Outgoing.Capacity, server.Outgoing.Capacity));
        client.Close();
        server.Close();
    }

    [Fact]
    public async Task Capacity_OfMessagesNobodyAsks_IsOneMebibyte()
    {
        await using var links = new Links(LinkKind.Messages);

        SharedMemoryLink client = await links.ConnectAsync(LinkKind.Messages);
        SharedMemoryLink server = await links.AcceptAsync();

        Assert.Equal((1 << 20, 1 << 20), (client.Outgoing.Capacity, server.Outgoing.Capacity));
        client.Close();
        server.Close();
    }

    [Fact]
    public async Task KindNotServed_IsRefusedAndSaysWhatIs()
    {
        await using var links = new Links(LinkKind.Messages);

        ConnectionException failure = await Assert.ThrowsAsync<ConnectionException>(() => links.ConnectAsync(LinkKind.Bytes));

        Assert.Equal((Step.Connect, Reason.Refused, "it is served as messages"), (failure.Step, failure.Reason, failure.Cause));
    }

    private static async Task AssertServesAsync(Links links)
    {
        SharedMemoryLink client = await links.ConnectAsync();
        SharedMemoryLink server = await links.AcceptAsync();
        Assert.False(server.HasEnded);
        client.Close();
        server.Close();
    }
}
