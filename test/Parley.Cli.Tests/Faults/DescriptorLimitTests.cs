using System.Diagnostics;
using System.Net.Sockets;

namespace Parley.Cli.Tests.Faults;

/// <summary>More clients than descriptors.</summary>
public sealed class DescriptorLimitTests : IDisposable
{
    private const int Descriptors = 100;
    private const int Clients = 200;

    private readonly List<Socket> _clients = [];

    public void Dispose() => _clients.ForEach(client => client.Dispose());

    [SkippableTheory]
    [InlineData("--echo")]
    [InlineData("--discard")]
    public async Task Serve_OutOfDescriptors_NeitherSpinsNorTalksAndAcceptsAgain(string content)
    {
        await using ListeningCommand server = await Command.ListenAsync(
            new Launch("serve", "tcp://127.0.0.1:0", content, "--backlog", "1024") { OpenFiles = Descriptors });

        await FillAsync(server);
        await MustBeCalmAsync(server, TimeSpan.FromSeconds(2));

        // One that was let in before is still served.
        await RawSocket.SendAsync(_clients[0], "a"u8.ToArray());
        if (content is "--echo")
            await RawSocket.ReadExactlyAsync(_clients[0], 1);

        _clients.ForEach(client => client.Close());
        using Socket next = await RawSocket.ConnectAsync(server.Endpoint);
        byte[] reply = await RawSocket.ExchangeAsync(next, "hello"u8.ToArray());
        Assert.Equal(content is "--echo" ? 5 : 0, reply.Length);
        (await server.StopAsync()).MustExit(0);
    }

    [SkippableFact]
    public async Task Relay_OutOfDescriptors_NeitherSpinsNorTalksAndAcceptsAgain()
    {
        await using RawListener target = RawListener.Open(backlog: 1024).Echo();
        await using ListeningCommand relay = await Command.ListenAsync(
            new Launch("relay", "tcp://127.0.0.1:0", target.Endpoint, "--backlog", "1024") { OpenFiles = Descriptors });

        await FillAsync(relay);
        await MustBeCalmAsync(relay, TimeSpan.FromSeconds(2));

        _clients.ForEach(client => client.Close());
        using Socket next = await RawSocket.ConnectAsync(relay.Endpoint);
        Assert.Equal("hello"u8.ToArray(), await RawSocket.ExchangeAsync(next, "hello"u8.ToArray()));
        (await relay.StopAsync()).MustExit(0);
    }

    private async Task FillAsync(ListeningCommand server)
    {
        for (int i = 0; i < Clients; i++)
            _clients.Add(await RawSocket.ConnectAsync(server.Endpoint));

        // It has taken all that it can when the number of its sockets has stood still for a while.
        int before = 0;
        long since = Stopwatch.GetTimestamp();
        await Eventually.TrueAsync(
            () =>
            {
                int now = ProcFs.SocketCount(server.Process.Id);
                if (now != before)
                    since = Stopwatch.GetTimestamp();
                before = now;
                return now > 10 && Stopwatch.GetElapsedTime(since) > Limits.Quiet;
            },
            () => $"a full server: {before} sockets, {server.Process.Describe()}");
    }

    private static async Task MustBeCalmAsync(ListeningCommand server, TimeSpan window)
    {
        const double TicksPerSecond = 100;
        int lines = server.Messages.Length;
        long ticks = ProcFs.CpuTicks(server.Process.Id);
        long start = Stopwatch.GetTimestamp();

        await Task.Delay(window);

        double seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
        double cores = (ProcFs.CpuTicks(server.Process.Id) - ticks) / TicksPerSecond / seconds;
        Assert.True(cores < 0.2, $"{cores:F2} of a core while nothing can be accepted");
        Assert.InRange(server.Messages.Length - lines, 0, (int)seconds + 2);
    }
}
