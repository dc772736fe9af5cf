using System.Net.Sockets;
using static Parley.Cli.Tests.Payload;

namespace Parley.Cli.Tests.Faults;

/// <summary>A close with unread input makes the kernel reset the connection, which destroys a reply on its way.</summary>
public sealed class UnreadInputTests : IDisposable
{
    private readonly TestFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [SkippableTheory]
    [InlineData("tcp4")]
    [InlineData("tcp6")]
    [InlineData("unix")]
    public async Task Serve_ClientWithUnreadInput_GetsWholeReply(string kind)
    {
        byte[] said = Random(64 * Kilobyte);
        await using ListeningCommand server = await Command.ListenAsync("serve", Endpoints.New(kind, _folder));

        for (int i = 0; i < 50; i++)
        {
            using Socket client = await RawSocket.ConnectAsync(server.Endpoint);
            await RawSocket.SendAsync(client, said);
            await UntilTheServerHasEndedAsync(client, server.Endpoint);

            Assert.Equal(ServerMessage, await RawSocket.ReadToEndAsync(client));
        }

        Assert.Empty(server.Messages);
    }

    [SkippableTheory]
    [InlineData("tcp4")]
    [InlineData("unix")]
    public async Task ServeFile_ClientWithUnreadInput_GetsWholeFile(string kind)
    {
        byte[] file = WriteFile(_folder["file"], Megabyte);
        await using ListeningCommand server = await Command.ListenAsync("serve", Endpoints.New(kind, _folder), "--file", _folder["file"]);

        for (int i = 0; i < 20; i++)
        {
            using Socket client = await RawSocket.ConnectAsync(server.Endpoint);
            await RawSocket.SendAsync(client, new byte[64 * Kilobyte]);
            MustEqual(file, await RawSocket.ReadToEndAsync(client));
        }
    }

    [SkippableTheory]
    [InlineData("tcp4")]
    [InlineData("unix")]
    public async Task ServeOnce_ClientWithUnreadInput_GetsWholeReplyBeforeTheCommandEnds(string kind)
    {
        for (int i = 0; i < 5; i++)
        {
            await using ListeningCommand server = await Command.ListenAsync("serve", Endpoints.New(kind, _folder), "--once");
            using Socket client = await RawSocket.ConnectAsync(server.Endpoint);
            await RawSocket.SendAsync(client, new byte[64 * Kilobyte]);
            await UntilTheServerHasEndedAsync(client, server.Endpoint);

            Assert.Equal(ServerMessage, await RawSocket.ReadToEndAsync(client));
            client.Close();

            (await server.EndAsync()).MustExit(0);
        }
    }

    [SkippableTheory]
    [InlineData("tcp4")]
    [InlineData("unix")]
    public async Task ListenSendOnly_ClientWithUnreadInput_GetsWholeReply(string kind)
    {
        byte[] reply = Random(100 * Kilobyte);
        await using ListeningCommand server = await Command.ListenAsync("listen", Endpoints.New(kind, _folder), "--send-only");
        using Socket client = await RawSocket.ConnectAsync(server.Endpoint);
        await RawSocket.SendAsync(client, new byte[64 * Kilobyte]);
        await server.Process.WriteAsync(reply, close: true);

        MustEqual(reply, await RawSocket.ReadToEndAsync(client));
        client.Close();

        (await server.EndAsync()).MustExit(0);
    }

    // A server that closes here has reset the connection by now; one that half-closes has only ended its own side.
    private static Task UntilTheServerHasEndedAsync(Socket client, string endpoint) => Endpoints.IsTcp(endpoint)
        ? Eventually.TrueAsync(() => !RawSocket.IsEstablished(client), "the server's end")
        : Eventually.TrueAsync(() => client.Poll(TimeSpan.Zero, SelectMode.SelectRead), "the server's reply");
}
