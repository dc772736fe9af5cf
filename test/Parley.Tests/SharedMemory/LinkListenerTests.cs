using System.Net.Sockets;
using Parley.Transports.SharedMemory;

namespace Parley.Tests.SharedMemory;

public sealed class LinkListenerTests
{
    // As many clients get memory before they are accepted, and as many are heard.
    private const int MostWithMemory = 64;
    private const int MostAtOnce = 256;

    [Fact]
    public async Task AcceptAsync_NoRoom_WaitsUntilALinkIsClosed()
    {
        await using var links = new Links(configure: options => options.MaxConnections = 1);
        SharedMemoryLink[] clients = [await links.ConnectAsync(), await links.ConnectAsync()];
        SharedMemoryLink first = await links.AcceptAsync();

        Task<SharedMemoryLink> second = links.AcceptAsync();
        Assert.False(second.IsCompleted);
        first.Close();

        (await second.Within()).Close();
        foreach (SharedMemoryLink client in clients)
            client.Close();
    }

    [Fact]
    public async Task AcceptAsync_RoomGivenBackAgainAndAgain()
    {
        await using var links = new Links(configure: options => options.MaxConnections = 1);
        for (int i = 0; i < 100; i++)
        {
            SharedMemoryLink client = await links.ConnectAsync();
            SharedMemoryLink server = await links.AcceptAsync();
            client.Close();
            server.Close();
        }
    }

    /// <summary>Silent ones have less time where there may be others behind them: less than an honest client waits here.</summary>
    [Fact]
    public async Task ConnectAsync_AllPlacesAreTakenBySilentClients_GetsThroughAllTheSame()
    {
        await using var links = new Links();
        List<Socket> silent = await ConnectRawAsync(links, MostAtOnce);

        await AssertGetsThroughAsync(links);

        silent.ForEach(socket => socket.Dispose());
    }

    /// <summary>The same of those who say what they want and nothing after that.</summary>
    [Fact]
    public async Task ConnectAsync_AllMemoryIsWithClientsThatFallSilent_GetsThroughAllTheSame()
    {
        await using var links = new Links();
        List<Socket> silent = await ConnectRawAsync(links, MostWithMemory);
        foreach (Socket socket in silent)
        {
            await socket.SendAsync(new Hello(LinkKind.Bytes, 0, 0).ToBytes()).Within();
            await RawSocket.ReadExactlyAsync(socket, SharedLayout.WelcomeSize);
        }

        await AssertGetsThroughAsync(links);

        silent.ForEach(socket => socket.Dispose());
    }

    [Fact]
    public async Task AcceptAsync_ListenerOfSocketsIsBroken_SaysSoAndIsOver()
    {
        await using LinkListener links = LinkListener.Bind(_ => new BrokenListener(), LinkKind.Bytes, new ListenerOptions());
        ConnectionException failure = await Assert.ThrowsAsync<ConnectionException>(() => links.AcceptAsync(CancellationToken.None).AsTask().Within());
        Assert.Equal(Step.Accept, failure.Step);
        Assert.Null(await links.AcceptAsync(CancellationToken.None).AsTask().Within());
    }

    [Fact]
    public async Task Inspect_NoRoom_ShowsThoseWhoAreConnected()
    {
        await using var links = new Links(configure: options => options.MaxConnections = 1);
        SharedMemoryLink client = await links.ConnectAsync(ringSize: 4096);
        SharedMemoryLink server = await links.AcceptAsync();

        NamedObjectStatus status = Assert.Single(await Task.Run(() => NamedObject.Inspect(links.EndPoint)).Within());

        Assert.Equal((true, "memory", links.EndPoint), (status.IsServed, status.Type, status.EndPoint));
        SharedMemoryConnectionStatus connection = Assert.Single(status.Connections!);
        Assert.Equal((Environment.ProcessId, Native.UserId, "bytes"), (connection.ProcessId, connection.UserId, connection.Kind));
        Assert.Equal((server.Incoming.Capacity, 0, 0), (connection.RingSize, connection.BytesToServer, connection.BytesToClient));
        client.Close();
        server.Close();
        status = Assert.Single(await Task.Run(() => NamedObject.Inspect(links.EndPoint)).Within());
        Assert.Empty(status.Connections!);
    }

    /// <summary>Somebody looks just when a server hangs: what it does not do must not keep the answer back.</summary>
    [Fact]
    public async Task Inspect_NobodyAccepts_IsAnsweredBeforeThoseWhoWait()
    {
        await using var links = new Links();
        List<SharedMemoryLink> agreed = await TakeAllMemoryAsync(links);
        Task<SharedMemoryLink>[] waiting = [.. Enumerable.Range(0, 20).Select(_ => links.ConnectAsync(ringSize: 4096))];

        NamedObjectStatus status = Assert.Single(await Task.Run(() => NamedObject.Inspect(links.EndPoint)).Within());

        Assert.Equal(MostWithMemory, status.Connections!.Count);
        Assert.DoesNotContain(waiting, connect => connect.IsCompleted);
        for (int i = 0; i < MostWithMemory + waiting.Length; i++)
            (await links.AcceptAsync()).Close();
        foreach (SharedMemoryLink client in (SharedMemoryLink[])[.. agreed, .. await Task.WhenAll(waiting).Within()])
            client.Close();
    }

    /// <summary>Those who have lost their patience make room for others, though nobody accepts.</summary>
    [Fact]
    public async Task Inspect_ManyHaveGivenUpWaiting_IsAnswered()
    {
        await using var links = new Links();
        List<SharedMemoryLink> agreed = await TakeAllMemoryAsync(links);
        for (int i = 0; i < MostAtOnce; i++)
        {
            using Socket impatient = await links.ConnectRawAsync();
            await impatient.SendAsync(new Hello(LinkKind.Bytes, 0, 0).ToBytes()).Within();
        }

        NamedObjectStatus status = Assert.Single(await Task.Run(() => NamedObject.Inspect(links.EndPoint)).Within());

        Assert.Equal(MostWithMemory, status.Connections!.Count);
        foreach (SharedMemoryLink client in agreed)
        {
            (await links.AcceptAsync()).Close();
            client.Close();
        }
    }

    [Fact]
    public async Task ConnectAsync_ClientsWait_AreServedInOrder()
    {
        await using var links = new Links();
        List<SharedMemoryLink> clients = await TakeAllMemoryAsync(links);
        Task<SharedMemoryLink> waiting = links.ConnectAsync(ringSize: 8192);

        SharedMemoryLink last = await links.AcceptAsync();
        clients.Add(await waiting);
        for (int i = 0; i < MostWithMemory; i++)
        {
            last.Close();
            last = await links.AcceptAsync();
        }

        Assert.Equal(8192, last.Incoming.Capacity);
        last.Close();
        clients.ForEach(client => client.Close());
    }

    [Fact]
    public async Task StopAsync_ClientsWaitAndNobodyAccepts_Ends()
    {
        await using var links = new Links();
        List<SharedMemoryLink> agreed = await TakeAllMemoryAsync(links);
        using Socket waiting = await links.ConnectRawAsync();
        await waiting.SendAsync(new Hello(LinkKind.Bytes, 0, 0).ToBytes()).Within();

        await links.Listener.StopAsync().Within();

        Assert.Empty(await RawSocket.ReadToEndAsync(waiting));
        foreach (SharedMemoryLink client in agreed)
        {
            (await links.AcceptAsync()).Close();
            client.Close();
        }

        Assert.Null(await links.Listener.AcceptAsync(CancellationToken.None).Within());
    }

    [Fact]
    public async Task Inspect_LyingRings_ShowsNumbersThatCanBe()
    {
        await using var links = new Links();
        SharedMemoryLink client = await links.ConnectAsync();
        SharedMemoryLink server = await links.AcceptAsync();
        Lie(client);

        NamedObjectStatus status = Assert.Single(await Task.Run(() => NamedObject.Inspect(links.EndPoint)).Within());

        SharedMemoryConnectionStatus connection = Assert.Single(status.Connections!);
        Assert.InRange(connection.BytesToServer, 0, connection.RingSize);
        Assert.InRange(connection.BytesToClient, 0, connection.RingSize);
        client.Close();
        server.Close();
    }

    [Fact]
    public async Task StopAsync_ClientsHaveAgreed_AreHandedOutAndThenNull()
    {
        await using var links = new Links();
        SharedMemoryLink[] clients = [await links.ConnectAsync(), await links.ConnectAsync()];

        await links.Listener.StopAsync().Within();

        foreach (SharedMemoryLink client in clients)
        {
            (await links.AcceptAsync()).Close();
            client.Close();
        }

        Assert.Null(await links.Listener.AcceptAsync(CancellationToken.None).Within());
        Assert.False(File.Exists(links.EndPoint.Name));
        ConnectionException failure = await Assert.ThrowsAsync<ConnectionException>(() => links.ConnectAsync());
        Assert.Equal((Step.Connect, Reason.NotFound), (failure.Step, failure.Reason));
    }

    [Fact]
    public async Task StopAsync_SilentClient_DoesNotKeepItFromEnding()
    {
        await using var links = new Links();
        using Socket silent = await links.ConnectRawAsync();
        Task<SharedMemoryLink?> accept = links.Listener.AcceptAsync(CancellationToken.None).AsTask();

        await links.Listener.StopAsync().Within();

        Assert.Null(await accept.Within());
    }

    [Fact]
    public async Task DisposeAsync_ClientsNotAccepted_AreAborted()
    {
        await using var links = new Links();
        SharedMemoryLink client = await links.ConnectAsync();

        await links.Listener.DisposeAsync().Within();

        await Eventually.TrueAsync(() => client.HasEnded, "the end of the socket");
        Assert.Equal(SharedLayout.Aborted, StateOf(client));
        client.Close();
    }

    [Fact]
    public async Task Flood_OnOneSocket_HurtsNobodyElse()
    {
        await using var links = new Links();
        using Socket flood = await links.ConnectRawAsync();
        await flood.SendAsync(new Hello(LinkKind.Bytes, 0, 0).ToBytes()).Within();
        await RawSocket.ReadExactlyAsync(flood, SharedLayout.WelcomeSize);
        await flood.SendAsync((byte[])[.. "PARLEYOK"u8, 0, 0, 0, 0, 0, 0, 0, 0]).Within();
        SharedMemoryLink flooded = await links.AcceptAsync();
        using var enough = new CancellationTokenSource();
        byte[] wakes = new byte[256 * 1024];
        Task flooding = OnItsOwnThread.Run(() =>
        {
            while (!enough.IsCancellationRequested)
                flood.Send(wakes);
        });

        for (int i = 0; i < 50; i++)
        {
            SharedMemoryLink client = await links.ConnectAsync();
            SharedMemoryLink server = await links.AcceptAsync();
            client.Close();
            await Eventually.TrueAsync(() => server.HasEnded, "the end of the socket");
            server.Close();
        }

        Assert.False(flooded.HasEnded);
        await enough.CancelAsync();
        await flooding.Within();
        flood.Dispose();
        await Eventually.TrueAsync(() => flooded.HasEnded, "the end of the socket");
        flooded.Close();
    }

    private static async Task<List<Socket>> ConnectRawAsync(Links links, int count)
    {
        var sockets = new List<Socket>();
        while (sockets.Count < count)
            sockets.Add(await links.ConnectRawAsync());
        return sockets;
    }

    // A client has agreed a moment before the server knows it.
    private static async Task<List<SharedMemoryLink>> TakeAllMemoryAsync(Links links)
    {
        var agreed = new List<SharedMemoryLink>();
        while (agreed.Count < MostWithMemory)
            agreed.Add(await links.ConnectAsync(ringSize: 4096));
        await Eventually.TrueAsync(() => NamedObject.Inspect(links.EndPoint).Single().Connections!.Count == MostWithMemory, "all have agreed");
        return agreed;
    }

    private static async Task AssertGetsThroughAsync(Links links)
    {
        var options = new ConnectionOptions { ConnectTimeout = TimeSpan.FromSeconds(7) };
        SharedMemoryLink client = await Links.ConnectAsync(links.EndPoint, LinkKind.Bytes, options).AsTask().Within();
        client.Close();
        (await links.AcceptAsync()).Close();
    }

    private static unsafe void Lie(SharedMemoryLink link)
    {
        *(ulong*)(link.Outgoing.Control + SharedLayout.Tail) = ulong.MaxValue;
        *(ulong*)(link.Incoming.Control + SharedLayout.Head) = ulong.MaxValue / 3;
    }

    private static unsafe uint StateOf(SharedMemoryLink link) => *(uint*)(link.Incoming.Control + SharedLayout.WriterState);

    private sealed class BrokenListener : ConnectionListener
    {
        public override System.Net.EndPoint LocalEndPoint { get; } = new SharedMemoryEndPoint("broken");

        public override ValueTask<Connection?> AcceptAsync(CancellationToken cancellationToken = default)
            => ValueTask.FromException<Connection?>(new ConnectionException(Step.Accept, Reason.Other, LocalEndPoint, "broken"));

        public override ValueTask StopAsync(CancellationToken cancellationToken = default) => ValueTask.CompletedTask;

        public override ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }
}
