using System.Net;
using System.Net.Sockets;
using System.Text.RegularExpressions;
using Parley.Cli.Tests.Tls;
using static Parley.Cli.Tests.Payload;

namespace Parley.Cli.Tests.Access;

/// <summary>Who may talk, by address and by certificate.</summary>
public sealed class AddressTests : IDisposable
{
    private const string AnyPort = "tcp://127.0.0.1:0";
    private const int WrongUsage = 2;
    private const int RefusedForSecurity = 6;

    private readonly TestFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("--allow", "127.0.0.1", "--echo")]
    [InlineData("--deny", "127.0.0.2/31", "--echo")]
    [InlineData("--allow", "127.0.0.1", "--message")]
    public async Task Serve_ClientThatIsNotAllowed_IsResetAndOthersAreServed(string option, string rule, string service)
    {
        string[] how = service == "--echo" ? [service] : [service, "hello"];
        await using ListeningCommand server = await Command.ListenAsync(["serve", AnyPort, option, rule, .. how]);

        await MustBeResetAsync("127.0.0.2", server);

        Assert.Equal("hello"u8.ToArray(), await TalkAsync(server));
        server.Process.Send(Signal.User1);
        await server.Process.WaitForErrorAsync(", 1 refused, ");
        await server.Process.WaitForErrorAsync(@"A client at 127\.0\.0\.2 was turned away from tcp://127\.0\.0\.1:\d+: the rules do not allow it\.");
        (await server.StopAsync()).MustExit(0);
    }

    [Fact]
    public async Task Listen_ClientThatIsNotAllowed_IsNotTheOne()
    {
        await using ListeningCommand listener = await Command.ListenAsync("listen", AnyPort, "--deny", "127.0.0.2");
        await MustBeResetAsync("127.0.0.2", listener);

        using Socket client = await RawSocket.ConnectAsync(listener.Endpoint);
        await RawSocket.SendAndShutdownAsync(client, "hello"u8.ToArray());
        await listener.Process.WaitForOutputAsync(5);
        listener.Process.CloseInput();

        Assert.Equal("hello"u8.ToArray(), (await listener.EndAsync()).MustExit(0).Output);
    }

    [Fact]
    public async Task Relay_ClientThatIsNotAllowed_MakesNoConnectionToTheTarget()
    {
        await using ListeningCommand target = await Command.ListenAsync("serve", AnyPort, "--echo", "-v");
        await using ListeningCommand relay = await Command.ListenAsync("relay", AnyPort, target.Endpoint, "--allow", "127.0.0.1");

        await MustBeResetAsync("127.0.0.2", relay);

        Assert.Empty(target.Messages);
        Assert.Equal("hello"u8.ToArray(), await TalkAsync(relay));
    }

    [Fact]
    public async Task Receive_ClientThatIsNotAllowed_SaysNothing()
    {
        await using ListeningCommand receiver = await Command.ListenAsync("receive", AnyPort, "--frame", "line", "--count", "1", "--allow", "127.0.0.1");
        await MustBeResetAsync("127.0.0.2", receiver);

        await using ChildProcess sender = Command.Start("send", receiver.Endpoint, "--frame", "line", "hello");

        Assert.Equal("hello\n", (await receiver.EndAsync()).MustExit(0).Text);
    }

    [Fact]
    public async Task Serve_RefusedPeerThatReconnectsInALoop_OthersAreServedAndTheLogIsBounded()
    {
        await using ListeningCommand server = await Command.ListenAsync("serve", AnyPort, "--deny", "127.0.0.2");
        using var enough = new CancellationTokenSource();
        Task<int> flood = FloodAsync(server, enough.Token);

        for (int i = 0; i < 200; i++)
            Assert.Equal(ServerMessage, await RawSocket.ReceiveFromAsync(server.Endpoint));

        await enough.CancelAsync();
        int refused = await flood;
        Assert.True(refused > 20, $"only {refused} clients were refused meanwhile");
        server.Process.Send(Signal.User1);
        Match line = await server.Process.WaitForErrorAsync(@", (\d+) refused, ");
        Assert.Equal($"{refused}", line.Groups[1].Value);
        Assert.True(server.Messages.Count(one => one.Contains("turned away", StringComparison.Ordinal)) <= 8 + (refused / 2), "a few lines and then one a second, not one a client");
    }

    [Fact]
    public async Task ServeQuota_OneConnectionTooMany_IsResetUntilOneLeaves()
    {
        await using ListeningCommand server = await Command.ListenAsync("serve", AnyPort, "--echo", "--max-connections-per-peer", "1");
        Socket first = await RawSocket.ConnectAsync(server.Endpoint);
        await RawSocket.SendAsync(first, "a"u8.ToArray());
        await RawSocket.ReadExactlyAsync(first, 1);

        await MustBeResetAsync("127.0.0.1", server);
        using Socket other = await FromAsync("127.0.0.2", server);
        await RawSocket.SendAsync(other, "b"u8.ToArray());
        Assert.Equal("b"u8.ToArray(), await RawSocket.ReadExactlyAsync(other, 1));

        await RawSocket.ExchangeAsync(first, Array.Empty<byte>());
        first.Dispose();
        await Eventually.TrueAsync(() => IsServed(server), "there is room again");
        await server.Process.WaitForErrorAsync(@"A client at 127\.0\.0\.1 was turned away from .*: it has as many connections as one peer may have");
    }

    [Fact]
    public async Task ServeConnectRate_Crowd_IsRefusedForTheMost()
    {
        await using ListeningCommand server = await Command.ListenAsync("serve", AnyPort, "--connect-rate", "1", "--message", "x");
        await Eventually.TrueAsync(() => !IsServed(server), "a client comes too soon after another");

        await server.Process.WaitForErrorAsync("it connects more often than one peer may");
        await Eventually.TrueAsync(() => IsServed(server), "a later one is served");
        using Socket other = await FromAsync("127.0.0.2", server);
        Assert.Equal("x"u8.ToArray(), await RawSocket.ReadToEndAsync(other));
    }

    [Fact]
    public async Task Connect_ServerThatIsNotAllowed_IsDenied()
    {
        await using ListeningCommand server = await Command.ListenAsync("serve", AnyPort);

        CommandResult denied = await Command.RunAsync("connect", server.Endpoint, "--allow", "10.0.0.0/8");

        Errors.Failure.MustBe(denied, $"{RefusedForSecurity}", @"cannot connect to .*: a server at 127\.0\.0\.1: the rules do not allow it", "--allow");
        Assert.Equal(ServerMessage, (await Command.RunAsync("connect", server.Endpoint, "--allow", "127.0.0.0/8")).MustExit(0).Output);
    }

    [SkippableTheory]
    [InlineData("san:client.example", true)]
    [InlineData("san:other.example", false)]
    [InlineData("pin", true)]
    [InlineData("127.0.0.1", true)]
    [InlineData("127.0.0.2", false)]
    public async Task ServeTls_Certificate_IsAllowedOrDenied(string rule, bool isAllowed)
    {
        var server = new TlsFiles(_folder);
        var client = new TlsFiles(_folder, "client", "client.example");
        await using ListeningCommand command = await Command.ListenAsync(
            "serve", "tls://127.0.0.1:0", "--cert", server.CertificatePath, "--key", server.KeyPath, "--client-ca", client.CertificatePath, "--allow", rule == "pin" ? $"pin:{client.Pin}" : rule);

        CommandResult result = await Command.RunAsync(
            "connect", command.Endpoint, "--ca", server.CertificatePath, "--cert", client.CertificatePath, "--key", client.KeyPath);

        if (isAllowed)
        {
            Assert.Equal(ServerMessage, result.MustExit(0).Output);
            return;
        }

        Assert.Contains(result.ExitCode, (int[])[5, RefusedForSecurity]);
        Assert.Empty(result.Output);
        await command.Process.WaitForErrorAsync("the rules do not allow");
        command.Process.Send(Signal.User1);
        await command.Process.WaitForErrorAsync(", 1 refused, ");
    }

    [Theory]
    [InlineData("is no rule", "serve", AnyPort, "--allow", "localhost")]
    [InlineData("which of the two is wrong", "serve", AnyPort, "--deny", "10.0.0.1/8")]
    [InlineData("there is no user 'no-such-user-here'", "serve", "unix:/tmp/x", "--allow", "user:no-such-user-here")]
    [InlineData("cannot be known at tcp://", "serve", AnyPort, "--allow", "uid:0")]
    [InlineData("cannot be known at unix:", "serve", "unix:@x", "--allow", "127.0.0.1")]
    [InlineData("cannot be known at tcp://", "connect", AnyPort, "--allow", "san:x")]
    [InlineData("cannot be known at udp://", "receive", "udp://127.0.0.1:0", "--allow", "127.0.0.1")]
    [InlineData("cannot be known at mq:", "relay", "mq:/x", "udp://127.0.0.1:1", "--allow", "127.0.0.1")]
    [InlineData("cannot be known at udp://", "send", "udp://127.0.0.1:1", "--allow", "127.0.0.1", "hello")]
    [InlineData("clients are asked for none", "serve", "tls://127.0.0.1:0", "--self-signed", "--allow", "san:x")]
    [InlineData("cannot be known at fifo:", "serve", "fifo:/tmp/x", "--max-connections-per-peer", "3")]
    [InlineData("--connect-rate", "serve", AnyPort, "--connect-rate", "0")]
    [InlineData("--connect-rate", "serve", AnyPort, "--connect-rate", "2000000")]
    [InlineData("--max-connections-per-peer is for a listener", "receive", "mq:/x", "--max-connections-per-peer", "3")]
    public async Task WrongUsage_IsRefusedBeforeAnythingIsOpened(string problem, params string[] arguments)
        => Assert.Contains(problem, (await Command.RunAsync(arguments)).MustExit(WrongUsage).Error, StringComparison.Ordinal);

    private static async Task<Socket> FromAsync(string address, ListeningCommand server)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(IPAddress.Parse(address), 0));
        await socket.ConnectAsync(Endpoints.Parse(server.Endpoint)).WaitAsync(Limits.Wait);
        return socket;
    }

    // The reset may be there before the runtime has said that it is connected.
    private static async Task MustBeResetAsync(string address, ListeningCommand server)
    {
        var refused = await Assert.ThrowsAsync<SocketException>(async () =>
        {
            using Socket client = await FromAsync(address, server);
            await client.ReceiveAsync(new byte[1].AsMemory()).AsTask().WaitAsync(Limits.Wait);
        });
        Assert.Equal(SocketError.ConnectionReset, refused.SocketErrorCode);
    }

    private static async Task<byte[]> TalkAsync(ListeningCommand server)
    {
        using Socket client = await RawSocket.ConnectAsync(server.Endpoint);
        return await RawSocket.ExchangeAsync(client, "hello"u8.ToArray());
    }

    /// <summary>Whether a client that says nothing hears the end, or a byte, and no reset.</summary>
    private static bool IsServed(ListeningCommand server)
    {
        using Socket client = RawSocket.New(server.Endpoint);
        client.ReceiveTimeout = (int)Limits.Wait.TotalMilliseconds;
        try
        {
            client.Connect(Endpoints.Parse(server.Endpoint));
            client.Shutdown(SocketShutdown.Send);
            client.Receive(new byte[1]);
            return true;
        }
        catch (SocketException refused) when (refused.SocketErrorCode is SocketError.ConnectionReset or SocketError.NotConnected)
        {
            return false;
        }
    }

    private static Task<int> FloodAsync(ListeningCommand server, CancellationToken enough) => Task.Run(
        async () =>
        {
            int refused = 0;
            while (!enough.IsCancellationRequested)
            {
                await MustBeResetAsync("127.0.0.2", server);
                refused++;
            }

            return refused;
        },
        CancellationToken.None);
}
