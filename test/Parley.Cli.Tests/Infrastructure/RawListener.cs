using System.Net.Sockets;

namespace Parley.Cli.Tests;

/// <summary>A plain listening socket that knows its endpoint as the command writes it.</summary>
internal sealed class RawListener : IAsyncDisposable
{
    private readonly CancellationTokenSource _stop = new();
    private Task _serving = Task.CompletedTask;

    private RawListener(Socket socket, string endpoint)
    {
        Socket = socket;
        Endpoint = endpoint;
    }

    public Socket Socket { get; }

    public string Endpoint { get; }

    public static RawListener Open(string endpoint = "tcp://127.0.0.1:0", int backlog = 128)
    {
        Socket socket = RawSocket.Listen(endpoint, backlog);
        return new RawListener(socket, Endpoints.IsTcp(endpoint) ? RawSocket.EndpointOf(socket) : endpoint);
    }

    /// <summary>Serves every client, all at once, until the listener is disposed.</summary>
    public RawListener Serve(Func<Socket, Task> client)
    {
        _serving = ServeAsync(client);
        return this;
    }

    /// <summary>Gives every client back what it says.</summary>
    public RawListener Echo() => Serve(async client =>
    {
        byte[] buffer = new byte[64 * 1024];
        int read;
        while ((read = await client.ReceiveAsync(buffer.AsMemory(), _stop.Token)) > 0)
            await RawSocket.SendAsync(client, buffer.AsMemory(0, read));
        client.Shutdown(SocketShutdown.Send);
    });

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        Socket.Dispose();
        await _serving.WaitAsync(Limits.Wait);
        _stop.Dispose();
    }

    private async Task ServeAsync(Func<Socket, Task> client)
    {
        var clients = new List<Task>();
        try
        {
            while (true)
                clients.Add(OneAsync(await Socket.AcceptAsync(_stop.Token), client));
        }
        catch (Exception e) when (e is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            // The test is over.
        }

        await Task.WhenAll(clients);
    }

    private static async Task OneAsync(Socket socket, Func<Socket, Task> client)
    {
        using Socket _ = socket;
        try
        {
            await client(socket);
        }
        catch (Exception e) when (e is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            // The client, or the test, has gone.
        }
    }
}
