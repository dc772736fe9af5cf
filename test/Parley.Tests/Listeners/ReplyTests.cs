using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Parley.Tests.Listeners;

/// <summary>A server that tells every client the same.</summary>
public sealed class ReplyTests
{
    private static readonly byte[] Reply = "Server Message"u8.ToArray();

    [Theory]
    [InlineData(ChannelKind.Tcp4, true)]
    [InlineData(ChannelKind.Tcp4, false)]
    [InlineData(ChannelKind.UnixPath, true)]
    [InlineData(ChannelKind.Memory, true)]
    public async Task AcceptAndReplyAsync_ClientsThatEnd_GetItAllAndTheEnd(ChannelKind kind, bool inline)
    {
        await using Serving serving = await Serving.StartAsync(kind, Reply, options => options.RunContinuationsInline = inline);
        for (int i = 0; i < 20; i++)
        {
            await using Connection client = await Connection.ConnectAsync(serving.EndPoint).Within();
            Assert.Equal(Reply, await Talk.ReadToEndAsync(client).Within());
        }

        await serving.StopAsync();
        Assert.Empty(serving.Failures);
        Assert.Equal(20, serving.Listener.Answered.Count + serving.HandedOn);
    }

    [Fact]
    public async Task AcceptAndReplyAsync_ShortConversations_NeedNoConnection()
    {
        await using Serving serving = await Serving.StartAsync(ChannelKind.Tcp4, Reply);
        for (int i = 0; i < 200; i++)
        {
            using Socket client = await RawSocket.ConnectAsync(serving.EndPoint);
            Assert.Equal(Reply, await RawSocket.ReadToEndAsync(client));
        }

        await Eventually.TrueAsync(() => serving.Listener.Answered.Count + serving.HandedOn == 200, "every conversation is over");
        Assert.True(serving.Listener.Answered.Count > 0, "each had a connection of its own");
        Assert.Equal(serving.Listener.Answered.Count * Reply.Length, serving.Listener.Answered.BytesSent);
        await serving.StopAsync();
        Assert.Empty(serving.Failures);
    }

    [Fact]
    public async Task AcceptAndReplyAsync_NobodyElseComes_TheLastOnesEndIsSeen()
    {
        await using Serving serving = await Serving.StartAsync(ChannelKind.Tcp4, Reply);
        Socket client = await RawSocket.ConnectAsync(serving.EndPoint);
        Assert.Equal(Reply, await RawSocket.ReadToEndAsync(client));
        client.Dispose();
        await Eventually.TrueAsync(() => serving.Listener.Answered.Count + serving.HandedOn == 1, "the conversation is over");
    }

    [Fact]
    public async Task AcceptAndReplyAsync_ClientThatStays_IsHandedOnAndWaitedFor()
    {
        await using Serving serving = await Serving.StartAsync(ChannelKind.Tcp4, Reply);
        using Socket client = await RawSocket.ConnectAsync(serving.EndPoint);
        await Eventually.TrueAsync(() => serving.Begun == 1, "it is handed on");
        Assert.Equal(0, serving.HandedOn);
        Assert.Equal(Reply, await RawSocket.ReadToEndAsync(client));
        client.Shutdown(SocketShutdown.Send);
        await Eventually.TrueAsync(() => serving.HandedOn == 1, "its end is seen");
        Assert.Empty(serving.Failures);
    }

    [Fact]
    public async Task AcceptAndReplyAsync_ClientThatTalksFirst_StillGetsTheReply()
    {
        await using Serving serving = await Serving.StartAsync(ChannelKind.Tcp4, Reply);
        for (int i = 0; i < 50; i++)
        {
            using Socket client = await RawSocket.ConnectAsync(serving.EndPoint);
            await client.SendAsync(Payload.Random(3000)).Within();
            Assert.Equal(Reply, await RawSocket.ReadToEndAsync(client));
        }

        await serving.StopAsync();
        Assert.Empty(serving.Failures);
        Assert.Equal(50, serving.Listener.Answered.Count + serving.HandedOn);
    }

    [Fact]
    public async Task AcceptAndReplyAsync_ClientThatResets_IsTold()
    {
        await using Serving serving = await Serving.StartAsync(ChannelKind.Tcp4, Reply);
        Socket client = await RawSocket.ConnectAsync(serving.EndPoint);
        await Eventually.TrueAsync(() => serving.Begun == 1, "it is handed on");
        RawSocket.Reset(client);
        await Eventually.TrueAsync(() => serving.HandedOn == 1, "its end is seen");
        Assert.Equal(Reason.Reset, Assert.IsType<ConnectionException>(Assert.Single(serving.Failures)).Reason);
    }

    [Fact]
    public async Task AcceptAndReplyAsync_LongReply_ArrivesWhole()
    {
        byte[] reply = Payload.Random(300_000);
        await using Serving serving = await Serving.StartAsync(ChannelKind.Tcp4, reply);
        using Socket client = await RawSocket.ConnectAsync(serving.EndPoint);
        Assert.Equal(reply, await RawSocket.ReadToEndAsync(client));
    }

    [Fact]
    public async Task AcceptAndReplyAsync_NoRoomBesideOneThatStays_GoesOnWhenItIsOver()
    {
        await using Serving serving = await Serving.StartAsync(ChannelKind.Tcp4, Reply, options => options.MaxConnections = 1);
        for (int i = 0; i < 5; i++)
        {
            using Socket staying = await RawSocket.ConnectAsync(serving.EndPoint);
            using Socket next = await RawSocket.ConnectAsync(serving.EndPoint);
            Assert.Equal(Reply, await RawSocket.ReadToEndAsync(staying));
            staying.Dispose();
            Assert.Equal(Reply, await RawSocket.ReadToEndAsync(next));
        }
    }

    [Fact]
    public async Task StopAsync_WithClientsThatStay_HandsThemOnBeforeTheEnd()
    {
        await using Serving serving = await Serving.StartAsync(ChannelKind.Tcp4, Reply);
        var clients = new List<Socket>();
        for (int i = 0; i < 10; i++)
            clients.Add(await RawSocket.ConnectAsync(serving.EndPoint));
        await serving.Listener.StopAsync().Within();
        foreach (Socket client in clients)
        {
            Assert.Equal(Reply, await RawSocket.ReadToEndAsync(client));
            client.Dispose();
        }

        await serving.StopAsync();
        Assert.Empty(serving.Failures);
        Assert.Equal(10, serving.Listener.Answered.Count + serving.HandedOn);
    }

    [Fact]
    public async Task DisposeAsync_WhileWaiting_EndsTheWait()
    {
        ConnectionListener listener = await ConnectionListener.BindAsync(
            new IPEndPoint(IPAddress.Loopback, 0), new ListenerOptions { RunContinuationsInline = true }).Within();
        Task<Connection?> waiting = listener.AcceptAndReplyAsync(Reply).AsTask();
        await listener.DisposeAsync().Within();
        Assert.Null(await waiting.Within());
    }

    [Fact]
    public async Task AcceptAndReplyAsync_Cancelled_TheListenerGoesOn()
    {
        await using ConnectionListener listener = await ConnectionListener.BindAsync(
            new IPEndPoint(IPAddress.Loopback, 0), new ListenerOptions { RunContinuationsInline = true }).Within();
        using var cancel = new CancellationTokenSource();
        Task<Connection?> waiting = listener.AcceptAndReplyAsync(Reply, cancel.Token).AsTask();
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting.Within());

        await using Serving serving = Serving.Start(listener, Reply);
        using Socket client = await RawSocket.ConnectAsync(listener.LocalEndPoint);
        Assert.Equal(Encoding.ASCII.GetString(Reply), Encoding.ASCII.GetString(await RawSocket.ReadToEndAsync(client)));
    }

    [Fact]
    public async Task AcceptAndReplyAsync_AThousandClientsAtOnce_AllAreAnswered()
    {
        await using Serving serving = await Serving.StartAsync(ChannelKind.Tcp4, Reply, options => options.Backlog = 2048);
        await Task.WhenAll(Enumerable.Range(0, 1000).Select(async _ =>
        {
            using Socket client = await RawSocket.ConnectAsync(serving.EndPoint);
            Assert.Equal(Reply, await RawSocket.ReadToEndAsync(client));
        })).Within(Limits.Transfer);
        await serving.StopAsync();
        Assert.Empty(serving.Failures);
        Assert.Equal(1000, serving.Listener.Answered.Count + serving.HandedOn);
    }

    /// <summary>The loop of a server.</summary>
    private sealed class Serving : IAsyncDisposable
    {
        private readonly Place? _place;
        private readonly Task _loop;
        private readonly List<Exception> _failures = [];
        private readonly List<Task> _ends = [];
        private int _begun;
        private int _handedOn;

        private Serving(ConnectionListener listener, byte[] reply, Place? place = null)
        {
            Listener = listener;
            _place = place;
            _loop = RunAsync(reply);
        }

        public ConnectionListener Listener { get; }

        public EndPoint EndPoint => Listener.LocalEndPoint;

        /// <summary>Connections that needed somebody to wait for their end.</summary>
        public int Begun => Volatile.Read(ref _begun);

        /// <summary>Those of them that are over.</summary>
        public int HandedOn => Volatile.Read(ref _handedOn);

        public Exception[] Failures
        {
            get
            {
                lock (_failures)
                    return [.. _failures];
            }
        }

        public static Serving Start(ConnectionListener listener, byte[] reply) => new(listener, reply);

        public static async Task<Serving> StartAsync(ChannelKind kind, byte[] reply, Action<ListenerOptions>? configure = null)
        {
            var place = new Place(kind);
            var options = new ListenerOptions { RunContinuationsInline = true };
            configure?.Invoke(options);
            return new Serving(await ConnectionListener.BindAsync(place.EndPoint, options).Within(), reply, place);
        }

        public async Task StopAsync()
        {
            await Listener.StopAsync().Within();
            await _loop.Within();
            await Task.WhenAll(_ends).Within();
        }

        public async ValueTask DisposeAsync()
        {
            await Listener.DisposeAsync().Within();
            await _loop.Within();
            _place?.Dispose();
        }

        private async Task RunAsync(byte[] reply)
        {
            while (await Listener.AcceptAndReplyAsync(reply).ConfigureAwait(false) is { } client)
            {
                Interlocked.Increment(ref _begun);
                _ends.Add(EndAsync(client));
            }
        }

        private async Task EndAsync(Connection client)
        {
            try
            {
                await client.DisposeAsync().ConfigureAwait(false);
            }
            catch (Exception failure)
            {
                lock (_failures)
                    _failures.Add(failure);
            }

            Interlocked.Increment(ref _handedOn);
        }
    }
}
