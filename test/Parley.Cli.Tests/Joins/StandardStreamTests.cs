using System.Net.Sockets;
using static Parley.Cli.Tests.Payload;

namespace Parley.Cli.Tests.Joins;

/// <summary><c>connect</c> and <c>listen</c>: standard input to the peer, the peer to standard output.</summary>
public sealed class StandardStreamTests : IDisposable
{
    private const int Large = 32 * Megabyte;

    private readonly TestFolder _folder = new();

    public static TheoryData<string> Kinds => Endpoints.Kinds;

    public void Dispose() => _folder.Dispose();

    [SkippableTheory]
    [InlineData("tcp4")]
    [InlineData("unix")]
    public async Task Connect_LargeDataBothWays_ArrivesWhole(string kind)
    {
        byte[] there = Random(Large);
        byte[] back = Random(Large);
        await using RawListener server = RawListener.Open(Endpoints.New(kind, _folder));
        await using ChildProcess client = Command.Start("connect", server.Endpoint);
        Task written = client.WriteAsync(there, close: true);
        using Socket accepted = await RawSocket.AcceptAsync(server.Socket);

        byte[] arrived = await RawSocket.ExchangeAsync(accepted, back);
        await written;

        CommandResult result = await client.EndAsync(Limits.Transfer);
        result.MustExit(0);
        MustEqual(there, arrived);
        MustEqual(back, result.Output);
        Assert.Empty(result.Error);
    }

    [SkippableTheory]
    [InlineData("tcp4")]
    [InlineData("unix")]
    public async Task Listen_LargeDataBothWays_ArrivesWhole(string kind)
    {
        byte[] there = Random(Large);
        byte[] back = Random(Large);
        await using ListeningCommand server = await Command.ListenAsync("listen", Endpoints.New(kind, _folder));
        Task written = server.Process.WriteAsync(back, close: true);
        using Socket client = await RawSocket.ConnectAsync(server.Endpoint);

        byte[] arrived = await RawSocket.ExchangeAsync(client, there);
        await written;

        MustEqual(back, arrived);
        MustEqual(there, (await server.EndAsync(Limits.Transfer)).MustExit(0).Output);
    }

    [SkippableTheory]
    [MemberData(nameof(Kinds))]
    public async Task ListenAndConnect_HalfClosedOneAfterTheOther_CarryBothWays(string kind)
    {
        byte[] there = Random(Megabyte);
        byte[] back = Random(Megabyte);
        await using ListeningCommand server = await Command.ListenAsync("listen", Endpoints.New(kind, _folder));
        await using ChildProcess client = Command.Start("connect", server.Endpoint);

        await client.WriteAsync(there, close: true);
        await server.Process.WaitForOutputAsync(there.Length);
        // One direction is over; the other still carries.
        await server.Process.WriteAsync(back, close: true);

        CommandResult connected = await client.EndAsync();
        MustEqual(back, connected.MustExit(0).Output);
        MustEqual(there, (await server.EndAsync()).MustExit(0).Output);
    }

    [Fact]
    public async Task Connect_EndOfInput_HalfClosesAndStaysForALateReply()
    {
        using Socket server = RawSocket.Listen();
        await using ChildProcess client = Command.Start("connect", RawSocket.EndpointOf(server));
        await client.WriteAsync("question"u8.ToArray(), close: true);
        using Socket accepted = await RawSocket.AcceptAsync(server);

        Assert.Equal("question"u8.ToArray(), await RawSocket.ReadToEndAsync(accepted));
        await Task.Delay(Limits.Quiet);
        Assert.False(client.HasEnded);
        await RawSocket.SendAndShutdownAsync(accepted, "answer"u8.ToArray());

        Assert.Equal("answer", (await client.EndAsync()).MustExit(0).Text);
    }

    [Fact]
    public async Task Connect_PeerThatHalfCloses_StillGetsInput()
    {
        using Socket server = RawSocket.Listen();
        await using ChildProcess client = Command.Start("connect", RawSocket.EndpointOf(server));
        using Socket accepted = await RawSocket.AcceptAsync(server);

        await RawSocket.SendAndShutdownAsync(accepted, ServerMessage);
        await client.WaitForOutputAsync(ServerMessage.Length);
        await client.WriteAsync("still here"u8.ToArray(), close: true);

        Assert.Equal("still here"u8.ToArray(), await RawSocket.ReadToEndAsync(accepted));
        Assert.Equal(ServerMessage, (await client.EndAsync()).MustExit(0).Output);
    }

    [Fact]
    public async Task Connect_SmallPieces_ArriveAsTheyCome()
    {
        using Socket server = RawSocket.Listen();
        await using ChildProcess client = Command.Start("connect", RawSocket.EndpointOf(server));
        using Socket accepted = await RawSocket.AcceptAsync(server);

        for (int i = 1; i <= 20; i++)
        {
            await client.WriteAsync("x"u8.ToArray());
            await RawSocket.ReadExactlyAsync(accepted, 1);
            await RawSocket.SendAsync(accepted, "y"u8.ToArray());
            await client.WaitForOutputAsync(i);
        }

        Assert.False(client.HasEnded);
    }

    [Fact]
    public async Task Listen_ClientThatSaysNothing_GetsStandardInput()
    {
        await using ListeningCommand server = await Command.ListenAsync("listen", "tcp://127.0.0.1:0");
        await server.Process.WriteAsync(ServerMessage, close: true);

        CommandResult client = await CPrograms.RunAsync("client", Endpoints.ForC(server.Endpoint));

        Assert.Equal(ServerMessage, client.MustExit(0).Output);
        (await server.EndAsync()).MustExit(0);
    }

    [Fact]
    public async Task ListenReceiveOnly_Client_IsCollectedAndInputNotRead()
    {
        byte[] said = Random(Megabyte);
        await using ListeningCommand server = await Command.ListenAsync("listen", "tcp://127.0.0.1:0", "--receive-only");
        await server.Process.WriteAsync("not for you"u8.ToArray(), close: true);
        using Socket client = await RawSocket.ConnectAsync(server.Endpoint);

        Assert.Empty(await RawSocket.ExchangeAsync(client, said));

        MustEqual(said, (await server.EndAsync()).MustExit(0).Output);
    }

    [Fact]
    public async Task ListenSendOnly_Client_GetsInputAndIsNotPrinted()
    {
        byte[] said = Random(Megabyte);
        await using ListeningCommand server = await Command.ListenAsync("listen", "tcp://127.0.0.1:0", "--send-only");
        Task written = server.Process.WriteAsync(said, close: true);
        using Socket client = await RawSocket.ConnectAsync(server.Endpoint);

        MustEqual(said, await RawSocket.ExchangeAsync(client, "chatter"u8.ToArray()));
        await written;

        Assert.Empty((await server.EndAsync()).MustExit(0).Output);
    }

    [Fact]
    public async Task Connect_ReaderOfStandardOutputThatStops_SlowsThePeerAndLosesNothing()
    {
        byte[] data = Random(Large);
        using Socket server = RawSocket.Listen();
        await using ChildProcess client = Command.Start(new Launch("connect", RawSocket.EndpointOf(server)) { CollectOutput = false });
        client.CloseInput();
        using Socket accepted = await RawSocket.AcceptAsync(server);
        Task sent = RawSocket.SendAndShutdownAsync(accepted, data);

        // Nobody reads: what fits into the buffers on the way is all that leaves.
        await Task.Delay(Limits.Quiet);
        Assert.False(sent.IsCompleted);

        var output = new StreamCollector(client.Output);
        await sent;
        (await client.EndAsync(Limits.Transfer)).MustExit(0);
        await output.Ended.WaitAsync(Limits.Wait);
        MustEqual(data, output.ToArray());
    }
}
