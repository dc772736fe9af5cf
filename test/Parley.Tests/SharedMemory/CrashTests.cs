using System.Diagnostics;
using System.Globalization;
using System.IO.MemoryMappedFiles;
using System.IO.Pipelines;

namespace Parley.Tests.SharedMemory;

/// <summary>
/// <c>kill -9</c> of the peer, a C program, at random points of a conversation: everything that it published arrives, then that it died is told, and the
/// next one is served. <c>PARLEY_CRASH_CYCLES=10000</c> makes more of it.
/// </summary>
public sealed class CrashTests : IDisposable
{
    private const string Program = "shm_peer";

    private static readonly string[][] Ways = [[], ["-f"], ["-m"], ["-f", "-m"]];

    private readonly TestFolder _folder = new();

    // Somebody else's files, such as those of a measurement that was killed, are nothing that these processes left.
    private readonly string[] _before = InShm();

    private static int Cycles => Environment.GetEnvironmentVariable("PARLEY_CRASH_CYCLES") is { Length: > 0 } text ? int.Parse(text, CultureInfo.InvariantCulture) : 12;

    private SharedMemoryEndPoint EndPoint => new(_folder["s"]);

    public void Dispose() => _folder.Dispose();

    [SkippableFact]
    public async Task Sender_OfMessagesKilled_EverythingPublishedArrivesThenItsDeath()
    {
        var random = new Random(5);
        await using (MessageChannelListener listener = await MessageChannelListener.BindAsync(EndPoint).Within())
        {
            for (int cycle = 0; cycle < Cycles; cycle++)
            {
                using var published = new Counter(_folder["published"]);
                using Process sender = await CProgram.StartTalkingAsync(Program, [.. Ways[cycle % Ways.Length], "-c", "4096", "-p", published.Path, $"{EndPoint}", "send"]);
                Task feed = FeedAsync(sender);
                MessageChannel channel = (await listener.AcceptAsync().Within())!;
                await using (channel)
                {
                    byte[] buffer = new byte[channel.MaxMessageSize];
                    long killAt = random.Next(1, 3000);
                    long received = 0;
                    ConnectionException death = await Assert.ThrowsAsync<ConnectionException>(async () =>
                    {
                        while (await channel.ReceiveAsync(buffer).Within() is { IsEnd: false } message)
                        {
                            Assert.Equal(received, long.Parse(buffer.AsSpan(0, message.Length), CultureInfo.InvariantCulture));
                            if (++received == killAt)
                                sender.Kill();
                        }
                    });

                    Assert.Equal(Reason.PeerDied, death.Reason);
                    Assert.InRange(received, published.Value, published.Value + 1);
                    await feed.Within();
                    await sender.WaitForExitAsync().Within();
                }
            }
        }

        NothingIsLeft();
    }

    [SkippableFact]
    public async Task Sender_OfBytesKilled_EverythingPublishedArrivesThenItsDeath()
    {
        var random = new Random(6);
        await using (ConnectionListener listener = await ConnectionListener.BindAsync(EndPoint).Within())
        {
            for (int cycle = 0; cycle < Cycles; cycle++)
            {
                using var published = new Counter(_folder["published"]);
                using Process sender = await CProgram.StartTalkingAsync(Program, [.. Ways[cycle % Ways.Length], "-c", "8192", "-p", published.Path, $"{EndPoint}", "bytes"]);
                Task feed = FeedAsync(sender);
                Connection connection = (await listener.AcceptAsync().Within())!;
                long killAt = random.Next(1, 100_000);
                long received = 0;
                ConnectionException death = await Assert.ThrowsAsync<ConnectionException>(async () =>
                {
                    while (true)
                    {
                        ReadResult result = await connection.Input.ReadAsync().Within();
                        received += result.Buffer.Length;
                        connection.Input.AdvanceTo(result.Buffer.End);
                        Assert.False(result.IsCompleted);
                        if (received >= killAt && !sender.HasExited)
                            sender.Kill();
                    }
                });

                Assert.Equal(Reason.PeerDied, death.Reason);

                // What was published last may not have been counted any more.
                Assert.InRange(received, published.Value, published.Value + 8192);
                connection.Abort();
                await connection.DisposeAsync();
                await feed.Within();
                await sender.WaitForExitAsync().Within();
            }
        }

        NothingIsLeft();
    }

    [SkippableFact]
    public async Task Receiver_Killed_SenderIsTold()
    {
        var random = new Random(7);
        await using (MessageChannelListener listener = await MessageChannelListener.BindAsync(EndPoint).Within())
        {
            for (int cycle = 0; cycle < Cycles; cycle++)
            {
                using Process receiver = await CProgram.StartTalkingAsync(Program, [.. Ways[cycle % Ways.Length], "-c", "4096", $"{EndPoint}", "receive"]);
                Task drop = receiver.StandardOutput.BaseStream.CopyToAsync(Stream.Null);
                MessageChannel channel = (await listener.AcceptAsync().Within())!;
                byte[] message = new byte[50];
                long killAt = random.Next(1, 3000);
                long sent = 0;
                ConnectionException told = await Assert.ThrowsAsync<ConnectionException>(async () =>
                {
                    while (true)
                    {
                        await channel.SendAsync(message).Within();
                        if (++sent == killAt)
                            receiver.Kill();
                    }
                });

                Assert.True(told.Reason is Reason.PeerDied or Reason.Reset, told.Message);
                try
                {
                    await channel.DisposeAsync().Within();
                }
                catch (ConnectionException undelivered)
                {
                    Assert.True(undelivered.Reason is Reason.PeerDied or Reason.Reset, undelivered.Message);
                }

                await drop.Within();
                await receiver.WaitForExitAsync().Within();
            }
        }

        NothingIsLeft();
    }

    [SkippableTheory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Server_Killed_ClientReadsEverythingAndIsTold(bool messages)
    {
        var random = new Random(8);
        for (int cycle = 0; cycle < Cycles; cycle++)
        {
            using var published = new Counter(_folder["published"]);
            using Process server = await CProgram.StartTalkingAsync(
                Program, [.. Ways[cycle % Ways.Length], "-l", "-c", "4096", "-p", published.Path, $"{EndPoint}", messages ? "send" : "bytes"]);
            Assert.StartsWith("listening on ", await server.StandardError.ReadLineAsync().Within(), StringComparison.Ordinal);
            Task feed = FeedAsync(server);
            long killAt = random.Next(1, 3000);
            long received = 0;
            ConnectionException death;
            if (messages)
            {
                MessageChannel channel = await MessageChannel.OpenAsync(EndPoint).Within();
                byte[] buffer = new byte[channel.MaxMessageSize];
                death = await Assert.ThrowsAsync<ConnectionException>(async () =>
                {
                    while (await channel.ReceiveAsync(buffer).Within() is { IsEnd: false } message)
                    {
                        if (++received == killAt)
                            server.Kill();
                    }
                });
                await channel.DisposeAsync().Within();
            }
            else
            {
                Connection connection = await Connection.ConnectAsync(EndPoint).Within();
                death = await Assert.ThrowsAsync<ConnectionException>(async () =>
                {
                    while (true)
                    {
                        ReadResult result = await connection.Input.ReadAsync().Within();
                        received += result.Buffer.Length;
                        connection.Input.AdvanceTo(result.Buffer.End);
                        if (received >= killAt && !server.HasExited)
                            server.Kill();
                    }
                });
                connection.Abort();
            }

            Assert.Equal(Reason.PeerDied, death.Reason);
            Assert.InRange(received, published.Value, published.Value + (messages ? 1 : 4096));
            await feed.Within();
            await server.WaitForExitAsync().Within();
        }

        NothingIsLeft();
    }

    [SkippableFact]
    public async Task Peer_StoppedAndContinued_LosesNothing()
    {
        await using MessageChannelListener listener = await MessageChannelListener.BindAsync(EndPoint).Within();
        using Process sender = await CProgram.StartTalkingAsync(Program, "-f", "-c", "4096", $"{EndPoint}", "send");
        Task feed = FeedAsync(sender, 5000);
        await using MessageChannel channel = (await listener.AcceptAsync().Within())!;
        byte[] buffer = new byte[channel.MaxMessageSize];
        long received = 0;

        while (await channel.ReceiveAsync(buffer).Within() is { IsEnd: false } message)
        {
            Assert.Equal(received, long.Parse(buffer.AsSpan(0, message.Length), CultureInfo.InvariantCulture));
            if (++received % 1000 != 0)
                continue;
            using Process stop = Process.Start("kill", ["-STOP", $"{sender.Id}"]);
            await stop.WaitForExitAsync().Within();
            using Process go = Process.Start("kill", ["-CONT", $"{sender.Id}"]);
            await go.WaitForExitAsync().Within();
        }

        Assert.Equal(5000, received);
        await feed.Within();
        await channel.DisposeAsync().Within();
        await sender.WaitForExitAsync().Within();
        Assert.Equal(0, sender.ExitCode);
    }

    /// <summary>Numbers, a line each, as long as somebody reads them.</summary>
    private static Task FeedAsync(Process program, long count = long.MaxValue) => Task.Run(() =>
    {
        try
        {
            using StreamWriter input = program.StandardInput;
            for (long i = 0; i < count; i++)
                input.Write(string.Create(CultureInfo.InvariantCulture, $"{i}\n"));
        }
        catch (IOException)
        {
            // Killed.
        }
    });

    private static string[] InShm() => Directory.GetFileSystemEntries("/dev/shm");

    private void NothingIsLeft()
    {
        Assert.DoesNotContain(InShm().Except(_before), static path => path.Contains("parley", StringComparison.Ordinal));

        // The socket of a killed server may stay: the next one takes it over.
        Assert.All(Directory.EnumerateFileSystemEntries(_folder.Path), path => Assert.Contains(Path.GetFileName(path), (string[])["published", "s", "s.lock"]));
    }

    /// <summary>What the peer has published, in a file that outlives it.</summary>
    private sealed class Counter : IDisposable
    {
        private readonly MemoryMappedFile _file;
        private readonly MemoryMappedViewAccessor _view;

        public Counter(string path)
        {
            Path = path;
            File.WriteAllBytes(path, new byte[8]);
            _file = MemoryMappedFile.CreateFromFile(path, FileMode.Open);
            _view = _file.CreateViewAccessor(0, 8);
        }

        public string Path { get; }

        public long Value => _view.ReadInt64(0);

        public void Dispose()
        {
            _view.Dispose();
            _file.Dispose();
        }
    }
}
