using System.Buffers;
using System.Buffers.Binary;
using System.IO.Pipelines;
using Parley.Transports.SharedMemory;

namespace Parley.Tests.SharedMemory;

/// <summary>Clients that lie, at a server that serves honest ones all the while.</summary>
public sealed class HostileClientTests : IAsyncLifetime, IDisposable
{
    private const ushort Bytes = 1;
    private const ushort Messages = 2;

    private readonly TestFolder _folder = new();
    private ConnectionListener _connections = null!;
    private MessageChannelListener _channels = null!;

    public static TheoryData<int, ulong, int> WrongHellos => new()
    {
        { 0, 0, 8 },
        { 0, ulong.MaxValue, 8 },
        { 8, 0, 2 },
        { 8, 2, 2 },
        { 8, ushort.MaxValue, 2 },
        { 10, 0, 2 },
        { 10, 4, 2 },
        { 10, Messages, 2 },
        { 10, ushort.MaxValue, 2 },
        { 16, 1, 8 },
        { 16, 4095, 8 },
        { 16, 6000, 8 },
        { 16, 1UL << 31, 8 },
        { 16, 1UL << 63, 8 },
        { 16, ulong.MaxValue, 8 },
        { 24, 1, 8 },
        { 56, ulong.MaxValue, 8 },
    };

    public static TheoryData<ulong> Positions => [1, 64, RawPeer.Capacity, RawPeer.Capacity + 1, int.MaxValue, 1UL << 32, 1UL << 63, ulong.MaxValue - 63, ulong.MaxValue];

    private string BytesPath => _folder["bytes"];

    private string MessagesPath => _folder["messages"];

    public async Task InitializeAsync()
    {
        _connections = await ConnectionListener.BindAsync(new SharedMemoryEndPoint(BytesPath)).Within();
        _channels = await MessageChannelListener.BindAsync(new SharedMemoryEndPoint(MessagesPath)).Within();
    }

    public async Task DisposeAsync()
    {
        await _connections.DisposeAsync().Within();
        await _channels.DisposeAsync().Within();
    }

    public void Dispose() => _folder.Dispose();

    [Theory]
    [MemberData(nameof(WrongHellos))]
    public async Task Hello_FieldThatCannotBe_IsRefusedWithoutMemory(int offset, ulong value, int size)
    {
        byte[] hello = RawPeer.Hello(Bytes);
        byte[] field = new byte[8];
        BinaryPrimitives.WriteUInt64LittleEndian(field, value);
        field.AsSpan(0, size).CopyTo(hello.AsSpan(offset));
        using RawPeer client = RawPeer.Connect(BytesPath);

        client.Socket.Send(hello);
        (byte[] welcome, Interop.Linux.DescriptorHandle[] memory) = client.ReadWelcome();

        Assert.Empty(memory);
        Assert.True(welcome.Length == 0 || BinaryPrimitives.ReadUInt32LittleEndian(welcome.AsSpan(16)) is > 0 and <= 5, Convert.ToHexString(welcome));
        client.MustBeClosed();
        await MustServeAsync();
    }

    [Fact]
    public async Task Handshake_BrokenOffAnywhere_HurtsNobody()
    {
        byte[] hello = RawPeer.Hello(Bytes);
        for (int length = 0; length <= hello.Length; length += 9)
        {
            using RawPeer client = RawPeer.Connect(BytesPath);
            client.Socket.Send(hello.AsSpan(0, length));
        }

        using (RawPeer noReady = RawPeer.Connect(BytesPath))
        {
            noReady.Socket.Send(hello);
            foreach (Interop.Linux.DescriptorHandle memory in noReady.ReadWelcome().Memory)
                memory.Dispose();
            noReady.Socket.Send(RawPeer.Ready().AsSpan(0, 15));
        }

        using (RawPeer wrongReady = RawPeer.Connect(BytesPath))
        {
            wrongReady.Socket.Send(hello);
            foreach (Interop.Linux.DescriptorHandle memory in wrongReady.ReadWelcome().Memory)
                memory.Dispose();
            wrongReady.Socket.Send(RawPeer.Hello(Bytes));
            wrongReady.MustBeClosed();
        }

        await MustServeAsync();
    }

    [Fact]
    public async Task Hello_WithDescriptors_NoneIsKept()
    {
        using RawPeer client = RawPeer.Connect(BytesPath);
        using Interop.Linux.DescriptorHandle memory = RawPeer.CreateMemory();

        client.Send(RawPeer.Hello(Bytes), memory, memory, memory);

        // Whether it goes on or not: nothing that a client sends may pile up here.
        await MustServeAsync();
    }

    [Fact]
    public async Task Clients_ThatSayNothing_HoldNobodyUp()
    {
        RawPeer[] silent = [.. Enumerable.Range(0, 20).Select(_ => RawPeer.Connect(BytesPath))];
        try
        {
            await MustServeAsync();
        }
        finally
        {
            foreach (RawPeer one in silent)
                one.Dispose();
        }
    }

    [Fact]
    public async Task Socket_FloodedWithWakesAndASecondHello_AreOnlyWakes()
    {
        using RawPeer client = RawPeer.Converse(BytesPath, Bytes);
        await using Connection server = (await _connections.AcceptAsync().Within())!;
        ValueTask<ReadResult> read = server.Input.ReadAsync();

        client.Socket.Send(RawPeer.Hello(Bytes));
        for (int i = 0; i < 50; i++)
            client.Socket.Send(new byte[20_000]);

        Assert.False(read.IsCompleted);
        client.Header(0) = 0x41;
        client.Outgoing(SharedLayout.Tail) = 1;
        client.Wake();
        ReadResult result = await read.Within();
        Assert.Equal(0x41, Assert.Single(result.Buffer.ToArray()));
        server.Input.AdvanceTo(result.Buffer.End);
        server.Abort();
    }

    [Theory]
    [MemberData(nameof(Positions))]
    public async Task Tail_AnyValue_IsReadOrCorrupt(ulong tail)
    {
        using RawPeer client = RawPeer.Converse(BytesPath, Bytes);
        await using Connection server = (await _connections.AcceptAsync().Within())!;

        client.Outgoing(SharedLayout.Tail) = tail;
        client.Wake();

        if (tail <= RawPeer.Capacity)
        {
            ReadResult result = await server.Input.ReadAsync().Within();
            Assert.Equal((long)tail, result.Buffer.Length);
            server.Input.AdvanceTo(result.Buffer.End);
        }
        else
        {
            await MustBeCorruptAsync(async () => await server.Input.ReadAsync());
        }

        server.Abort();
        await MustServeAsync();
    }

    [Fact]
    public async Task Tail_ThatGoesBack_IsCorrupt()
    {
        using RawPeer client = RawPeer.Converse(BytesPath, Bytes);
        await using Connection server = (await _connections.AcceptAsync().Within())!;
        client.Outgoing(SharedLayout.Tail) = 100;
        client.Wake();
        ReadResult result = await server.Input.ReadAtLeastAsync(100).AsTask().Within();
        server.Input.AdvanceTo(result.Buffer.End);

        client.Outgoing(SharedLayout.Tail) = 99;
        client.Wake();

        await MustBeCorruptAsync(async () => await server.Input.ReadAsync());
    }

    [Theory]
    [MemberData(nameof(Positions))]
    public async Task Head_BeyondWhatWasWritten_IsCorrupt(ulong head)
    {
        using RawPeer client = RawPeer.Converse(BytesPath, Bytes);
        await using Connection server = (await _connections.AcceptAsync().Within())!;

        client.IncomingWord(SharedLayout.Head) = head;

        // It is looked at when there is no room any more.
        if (head <= RawPeer.Capacity)
        {
            await server.Output.WriteAsync(new byte[head]).Within();
        }
        else
        {
            await MustBeCorruptAsync(async () =>
            {
                while (true)
                {
                    client.Wake();
                    await server.Output.WriteAsync(new byte[RawPeer.Capacity]);
                }
            });
        }

        server.Abort();
        await MustServeAsync();
    }

    [Theory]
    [InlineData(3u)]
    [InlineData(0x80000000u)]
    [InlineData(uint.MaxValue)]
    public async Task State_ThatCannotBe_IsCorrupt(uint state)
    {
        using RawPeer client = RawPeer.Converse(BytesPath, Bytes);
        await using Connection server = (await _connections.AcceptAsync().Within())!;

        client.OutgoingState = state;
        client.Wake();

        await MustBeCorruptAsync(async () => await server.Input.ReadAsync());
        await MustServeAsync();
    }

    [Theory]
    [InlineData(2UL)]
    [InlineData((((RawPeer.Capacity / 2) - 7UL) << 1) | 1)]
    [InlineData(((ulong)RawPeer.Capacity << 1) | 1)]
    [InlineData((1UL << 32) | 1)]
    [InlineData((1UL << 33) | 1)]
    [InlineData(1UL << 63)]
    [InlineData(ulong.MaxValue)]
    [InlineData(ulong.MaxValue - 1)]
    public async Task Header_ThatCannotBe_IsCorrupt(ulong header)
    {
        using RawPeer client = RawPeer.Converse(MessagesPath, Messages);
        await using MessageChannel server = (await _channels.AcceptAsync().Within())!;

        client.Header(0) = header;
        client.Wake();

        await MustBeCorruptAsync(async () => await server.ReceiveAsync(new byte[server.MaxMessageSize]));
        await MustServeMessagesAsync();
    }

    /// <summary>Each is broken off and told of, but a crowd of them does not fill the log.</summary>
    [Fact]
    public async Task Liars_InACrowd_AreToldOfAtTheLogsPace()
    {
        const int Crowd = 40;
        using var log = new RecordingLog();
        var place = new SharedMemoryEndPoint(_folder["logged"]);
        await using ConnectionListener listener = await ConnectionListener.BindAsync(place, new ListenerOptions { LoggerFactory = log }).Within();

        for (int i = 0; i < Crowd; i++)
        {
            using RawPeer client = RawPeer.Converse(place.Name, Bytes);
            await using Connection server = (await listener.AcceptAsync().Within())!;
            client.OutgoingState = 3;
            client.Wake();
            await MustBeCorruptAsync(async () => await server.Input.ReadAsync());
        }

        string[] lines = [.. log.Entries.Select(static entry => entry.Text)];
        Assert.InRange(lines.Length, LogPace.Burst, Crowd - 1);
        Assert.Equal($"A client of {ParleyEndPoint.Format(place)} was broken off: the peer has written nonsense into its state.", lines[0]);
    }

    [Fact]
    public async Task Liar_WithMessages_IsToldOf()
    {
        using var log = new RecordingLog();
        var place = new SharedMemoryEndPoint(_folder["logged"]);
        await using MessageChannelListener listener = await MessageChannelListener.BindAsync(place, new MessageChannelOptions { LoggerFactory = log }).Within();
        using RawPeer client = RawPeer.Converse(place.Name, Messages);
        await using MessageChannel server = (await listener.AcceptAsync().Within())!;

        client.Header(0) = 2;
        client.Wake();

        await MustBeCorruptAsync(async () => await server.ReceiveAsync(new byte[server.MaxMessageSize]));
        Assert.Single(log.Entries);
        Assert.True(log.Has("was broken off: the peer has written what cannot be into the shared memory"));
    }

    /// <summary>It never comes to a place where nothing is: a dead peer's ring is no more than a ring.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Headers_AllRoundTheRingOfADeadPeer_AreReadOnce(bool inBatches)
    {
        const int Records = RawPeer.Capacity / 64;
        using RawPeer client = RawPeer.Converse(MessagesPath, Messages);
        await using MessageChannel server = (await _channels.AcceptAsync().Within())!;
        for (int i = 0; i < Records; i++)
            client.Header(64 * i) = (5 << 1) | 1;
        client.Dispose();
        await server.WaitToReceiveAsync().Within();
        byte[] buffer = new byte[server.MaxMessageSize];
        var batch = new MessageBatch(capacity: 10, messageSize: 10);

        // That it is dead may be seen only later.
        int received = 0;
        ConnectionException told = await Assert.ThrowsAsync<ConnectionException>(async () =>
        {
            for (; received < 1000 * Records; received += inBatches ? batch.Count : 1)
            {
                if (inBatches)
                    Assert.InRange(await server.ReceiveBatchAsync(batch).Within(), 1, batch.Capacity);
                else
                    Assert.Equal(5, (await server.ReceiveAsync(buffer).Within()).Length);
            }
        });

        Assert.Equal(Reason.Corrupt, told.Reason);
        Assert.InRange(received, Records - 1, (1000 * Records) - 1);
    }

    /// <summary>The sleeper is where no wake of its own process comes to.</summary>
    [Fact]
    public async Task Sleeper_MovedToAWordOfTheDeadPeers_IsToldAllTheSame()
    {
        using RawPeer client = RawPeer.Converse(MessagesPath, Messages);
        await using MessageChannel server = (await _channels.AcceptAsync().Within())!;
        Task receive = OnItsOwnThread.Run(() => server.Receive(new byte[server.MaxMessageSize], Timeout.InfiniteTimeSpan));
        await Eventually.TrueAsync(client.TryMoveSleeper, "a sleeper to move");

        client.Dispose();

        Assert.Equal(Reason.PeerDied, (await Assert.ThrowsAsync<ConnectionException>(() => receive.Within())).Reason);
    }

    [Fact]
    public async Task Head_ThatCannotBeWhenItIsClosed_IsNoDelivery()
    {
        using RawPeer client = RawPeer.Converse(MessagesPath, Messages);
        MessageChannel server = (await _channels.AcceptAsync().Within())!;
        for (int i = 0; i < 3; i++)
            await server.SendAsync("message"u8.ToArray()).Within();

        client.IncomingWord(SharedLayout.Head) = 1UL << 40;
        client.OutgoingState = SharedLayout.Closed;
        client.Wake();

        ConnectionException told = await Assert.ThrowsAsync<ConnectionException>(() => server.DisposeAsync().Within());
        Assert.Equal((Step.Close, Reason.Corrupt, 3 * 64), (told.Step, told.Reason, told.UndeliveredBytes));
    }

    [Fact]
    public async Task Header_OfTheLongestMessage_IsAMessage()
    {
        using RawPeer client = RawPeer.Converse(MessagesPath, Messages);
        await using MessageChannel server = (await _channels.AcceptAsync().Within())!;

        client.Header(0) = (((RawPeer.Capacity / 2) - 8UL) << 1) | 1;
        client.Wake();

        Assert.Equal(server.MaxMessageSize, (await server.ReceiveAsync(new byte[server.MaxMessageSize]).Within()).Length);
        client.OutgoingState = SharedLayout.Closed;
        client.Wake();
    }

    [Theory]
    [InlineData(Bytes)]
    [InlineData(Messages)]
    public async Task Words_ThatChangeWhileTheyAreRead_EndInOrderOrCorrupt(ushort kind)
    {
        const int Rounds = 30;
        var random = new Random(1);
        for (int round = 0; round < Rounds; round++)
        {
            using RawPeer client = RawPeer.Converse(kind == Bytes ? BytesPath : MessagesPath, kind);
            using var stop = new CancellationTokenSource();
            Task talk = kind == Bytes
                ? TalkAsync((await _connections.AcceptAsync().Within())!)
                : TalkAsync((await _channels.AcceptAsync().Within())!);
            ulong[] values = [1, 3, 64, 129, 4081, 4096, 8191, 1UL << 32, ulong.MaxValue, (ulong)random.NextInt64()];
            while (!talk.IsCompleted)
            {
                for (int i = 0; i < 200; i++)
                {
                    ulong value = values[random.Next(values.Length)];
                    Volatile.Write(ref client.Outgoing(SharedLayout.Tail), value);
                    Volatile.Write(ref client.IncomingWord(SharedLayout.Head), value);
                    Volatile.Write(ref client.Header(64 * random.Next(64)), value);
                }

                client.OutgoingState = (uint)random.Next(4);
                client.Wake();
                await Task.Yield();
            }

            await talk.Within();
        }

        await MustServeAsync();
        await MustServeMessagesAsync();
    }

    private static async Task TalkAsync(Connection server)
    {
        await using (server)
        {
            try
            {
                while (true)
                {
                    ReadResult result = await server.Input.ReadAsync().Within();
                    Assert.InRange(result.Buffer.Length, 0, RawPeer.Capacity);
                    _ = result.Buffer.ToArray();
                    server.Input.AdvanceTo(result.Buffer.End);
                    if (result.IsCompleted)
                        break;
                    await server.Output.WriteAsync(new byte[100]).Within();
                }
            }
            catch (ConnectionException told)
            {
                Assert.True(told.Reason is Reason.Corrupt or Reason.Reset or Reason.PeerDied, told.Message);
            }

            server.Abort();
        }
    }

    private static async Task TalkAsync(MessageChannel server)
    {
        byte[] buffer = new byte[server.MaxMessageSize];
        try
        {
            while (await server.ReceiveAsync(buffer).Within() is { IsEnd: false })
                server.TrySend(buffer.AsSpan(0, 100));
        }
        catch (ConnectionException told)
        {
            Assert.True(told.Reason is Reason.Corrupt or Reason.Reset or Reason.PeerDied, told.Message);
        }

        try
        {
            await server.DisposeAsync().Within();
        }
        catch (ConnectionException undelivered)
        {
            Assert.True(undelivered.Reason is Reason.Corrupt or Reason.Reset or Reason.PeerDied, undelivered.Message);
        }
    }

    private static async Task MustBeCorruptAsync(Func<Task> call)
    {
        ConnectionException told = await Assert.ThrowsAsync<ConnectionException>(() => call().Within());
        Assert.Equal(Reason.Corrupt, told.Reason);
    }

    private async Task MustServeAsync()
    {
        await using Connection client = await Connection.ConnectAsync(new SharedMemoryEndPoint(BytesPath)).Within();
        Connection server;
        do
        {
            // What a liar left before may be accepted first.
            server = (await _connections.AcceptAsync().Within())!;
            await client.Output.WriteAsync("honest"u8.ToArray()).Within();
        }
        while (!await HearsAsync(server));

        client.Abort();
    }

    private static async Task<bool> HearsAsync(Connection server)
    {
        await using (server)
        {
            ReadResult result = await server.Input.ReadAsync().Within();
            bool heard = result.Buffer.Length >= 6;
            server.Input.AdvanceTo(result.Buffer.End);
            server.Abort();
            return heard;
        }
    }

    private async Task MustServeMessagesAsync()
    {
        MessageChannel client = await MessageChannel.OpenAsync(new SharedMemoryEndPoint(MessagesPath)).Within();
        MessageChannel server = (await _channels.AcceptAsync().Within())!;
        await client.SendAsync("honest"u8.ToArray()).Within();
        Assert.Equal(6, (await server.ReceiveAsync(new byte[server.MaxMessageSize]).Within()).Length);

        // Each waits for the other's end.
        await Task.WhenAll(client.DisposeAsync().Within(), server.DisposeAsync().Within());
    }
}
