using System.Net.Sockets;
using static Parley.Cli.Tests.Payload;

namespace Parley.Cli.Tests.Faults;

/// <summary>A conversation that was broken off is over for <c>--once</c> too, and its exit code says how.</summary>
public sealed class OnceTests : IDisposable
{
    private const string AnyPort = "tcp://127.0.0.1:0";

    private readonly TestFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Serve_ClientResetsAfterItSpoke_EndsBrokenOff()
    {
        await using ListeningCommand server = await Command.ListenAsync("serve", AnyPort, "--echo", "--once");

        await SpeakAndResetAsync(server.Endpoint);

        MustBeBrokenOff(await server.EndAsync());
    }

    [Fact]
    public async Task Serve_ClientResetsInTheMiddleOfAFile_EndsBrokenOff()
    {
        WriteFile(_folder["file"], 32 * Megabyte);
        await using ListeningCommand server = await Command.ListenAsync("serve", AnyPort, "--file", _folder["file"], "--once");
        using Socket client = await RawSocket.ConnectAsync(server.Endpoint);
        await RawSocket.ReadExactlyAsync(client, 16 * Megabyte);

        RawSocket.Reset(client);

        MustBeBrokenOff(await server.EndAsync());
    }

    [Fact]
    public async Task Relay_ClientResetsAfterItSpoke_EndsBrokenOff()
    {
        await using RawListener target = RawListener.Open().Echo();
        await using ListeningCommand relay = await Command.ListenAsync("relay", AnyPort, target.Endpoint, "--once");

        await SpeakAndResetAsync(relay.Endpoint);

        MustBeBrokenOff(await relay.EndAsync());
    }

    [Theory]
    [InlineData("reset")]
    [InlineData("close")]
    public async Task Relay_TargetBreaksOffWhileTheClientGoesOn_EndsBrokenOff(string end)
    {
        await using RawListener target = RawListener.Open();
        await using ListeningCommand relay = await Command.ListenAsync("relay", AnyPort, target.Endpoint, "--once", "--drain-timeout", "2");
        using Socket client = await RawSocket.ConnectAsync(relay.Endpoint);
        using Socket server = await RawSocket.AcceptAsync(target.Socket);
        await RawSocket.SendAsync(client, "abc"u8.ToArray());
        await RawSocket.ReadExactlyAsync(server, 3);

        if (end is "reset")
            RawSocket.Reset(server);
        else
            server.Close();
        await Assert.ThrowsAsync<SocketException>(() => TalkOnAsync(client));
        client.Close();

        MustBeBrokenOff(await relay.EndAsync());
    }

    [Fact]
    public async Task Relay_TargetResetsASilentClient_EndsBrokenOff()
    {
        await using RawListener target = RawListener.Open();
        await using ListeningCommand relay = await Command.ListenAsync("relay", AnyPort, target.Endpoint, "--once");
        using Socket client = await RawSocket.ConnectAsync(relay.Endpoint);
        using Socket server = await RawSocket.AcceptAsync(target.Socket);
        await RawSocket.SendAsync(server, "half of"u8.ToArray());
        await RawSocket.ReadExactlyAsync(client, "half of".Length);

        RawSocket.Reset(server);

        MustBeBrokenOff(await relay.EndAsync());
    }

    private static async Task SpeakAndResetAsync(string endpoint)
    {
        Socket client = await RawSocket.ConnectAsync(endpoint);
        await RawSocket.SendAsync(client, "abc"u8.ToArray());
        Assert.Equal("abc"u8.ToArray(), await RawSocket.ReadExactlyAsync(client, 3));
        RawSocket.Reset(client);
    }

    private static async Task TalkOnAsync(Socket client)
    {
        byte[] more = new byte[1000];
        while (true)
        {
            await RawSocket.SendAsync(client, more);
            await Task.Delay(10);
        }
    }

    private static void MustBeBrokenOff(CommandResult result)
        => Assert.Matches(@"parley: cannot \w+( \w+)? tcp://.*\((ECONNRESET|EPIPE)\)", result.MustExit(5).Error);
}
