using System.Net;
using System.Net.Sockets;
using static Parley.Cli.Tests.Payload;

namespace Parley.Cli.Tests.Tutorial;

/// <summary>The tutorial's own address, 127.0.0.1:5000. The only tests with a fixed port, one at a time.</summary>
[Collection("port 5000")]
public sealed class DefaultEndpointTests
{
    private const string Tutorial = "tcp://127.0.0.1:5000";

    [SkippableFact]
    public async Task Serve_NoEndpoint_IsTheTutorialsServer()
    {
        SkipIfTaken();
        await using ListeningCommand server = await Command.ListenAsync("serve");
        Assert.Equal(Tutorial, server.Endpoint);

        CommandResult tutorial = await CPrograms.RunAsync("tutorial_client");
        CommandResult parley = await Command.RunAsync("connect");

        Assert.Equal(ServerMessage, tutorial.MustExit(0).Output);
        Assert.Equal(ServerMessage, parley.MustExit(0).Output);
        Assert.Empty(parley.Error);
        (await server.StopAsync()).MustExit(0);
    }

    [SkippableFact]
    public async Task Connect_NoEndpoint_IsTheTutorialsClient()
    {
        SkipIfTaken();
        await using ChildProcess server = await CPrograms.StartAsync("tutorial_server");
        Assert.Equal(5000, await ProcFs.ListeningPortAsync(server));

        CommandResult client = await Command.RunAsync("connect");

        Assert.Equal(ServerMessage, client.MustExit(0).Output);
        Assert.Empty(client.Error);
        (await server.EndAsync()).MustExit(0);
    }

    [SkippableFact]
    public async Task Connect_NoEndpointAndNobodyThere_SaysHowToStartOne()
    {
        SkipIfTaken();

        CommandResult client = await Command.RunAsync("connect");

        client.MustExit(3);
        Assert.Equal($"parley: cannot connect to {Tutorial}: connection refused (ECONNREFUSED)", client.ErrorLines[0]);
        Assert.Equal($"  hint: nothing listens there; start a server with: parley serve {Tutorial}", client.ErrorLines[1]);
    }

    private static void SkipIfTaken()
    {
        try
        {
            // Remembered connections of an earlier test do not count; a listener does.
            using var probe = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            probe.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.ReuseAddress, optionValue: true);
            probe.Bind(new IPEndPoint(IPAddress.Loopback, 5000));
            probe.Listen();
        }
        catch (SocketException e)
        {
            Skip.If(condition: true, $"port 5000 is taken: {e.Message}");
        }
    }
}
