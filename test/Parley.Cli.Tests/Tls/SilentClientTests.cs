using System.Diagnostics;
using System.Globalization;
using System.Net.Sockets;
using Xunit.Abstractions;

namespace Parley.Cli.Tests.Tls;

/// <summary>A crowd that connects and never speaks, and clients who do.</summary>
public sealed class SilentClientTests(ITestOutputHelper output) : IDisposable
{
    private const int Silent = 2000;
    private const int Honest = 100;
    private const int OpenFiles = 4096;

    private readonly TestFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [SkippableFact]
    public async Task Serve_ManySilentClients_HonestOnesAreServedAndSilentOnesDropped()
    {
        Skip.If(ProcFs.MostOpenFiles() < OpenFiles, $"the limit on descriptors is less than {OpenFiles}");
        var files = new TlsFiles(_folder);
        await using ListeningCommand server = await Command.ListenAsync(new Launch(
            "serve", "tls://127.0.0.1:0", "--cert", files.CertificatePath, "--key", files.KeyPath, "--max-connections", "10", "--backlog", "512")
        {
            OpenFiles = OpenFiles,
        });
        var crowd = new List<Socket>();

        // The honest ones come while the crowd does, and behind it.
        Task coming = Task.Run(async () =>
        {
            for (int i = 0; i < Silent; i++)
                crowd.Add(await RawSocket.ConnectAsync($"tcp://127.0.0.1:{server.Port}"));
        });
        try
        {
            var times = new List<TimeSpan>();
            while (!coming.IsCompleted || times.Count < Honest)
                times.Add(await BeServedAsync(server, files));
            await coming;

            times.Sort();
            output.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"{times.Count} honest clients among {Silent} silent ones connected within {times[times.Count / 2].TotalMilliseconds:0.0} ms (median), {times[times.Count * 99 / 100].TotalMilliseconds:0.0} ms (p99)"));
            foreach (Socket silent in crowd)
                await MustBeDroppedAsync(silent);
        }
        finally
        {
            await Task.WhenAny(coming);
            crowd.ForEach(static socket => socket.Dispose());
        }

        (await server.StopAsync()).MustExit(0);
    }

    private static async Task<TimeSpan> BeServedAsync(ListeningCommand server, TlsFiles files)
    {
        long started = Stopwatch.GetTimestamp();
        var options = new ConnectionOptions { Tls = new TlsOptions { Pins = { files.Pin } } };
        await using Connection client = await Connection.ConnectAsync(ParleyEndPoint.Parse(server.Endpoint), options).AsTask().WaitAsync(Limits.Wait);
        TimeSpan took = Stopwatch.GetElapsedTime(started);
        using var reader = new StreamReader(client.AsStream(leaveOpen: true));
        Assert.Equal("Server Message", await reader.ReadToEndAsync().WaitAsync(Limits.Wait));
        return took;
    }

    // At the deadline of a handshake, or before it for a newer one.
    private static async Task MustBeDroppedAsync(Socket silent)
    {
        try
        {
            Assert.Equal(0, await silent.ReceiveAsync(new byte[1]).WaitAsync(Limits.Wait));
        }
        catch (SocketException broken) when (broken.SocketErrorCode == SocketError.ConnectionReset)
        {
            // That is an end too.
        }
    }
}
