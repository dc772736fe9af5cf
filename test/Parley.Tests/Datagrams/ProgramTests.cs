using System.Diagnostics;
using System.Globalization;
using System.Net;

namespace Parley.Tests.Datagrams;

/// <summary>Other programs on the other end, written in C and in use everywhere.</summary>
public sealed class ProgramTests : IDisposable
{
    private readonly TestFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [SkippableFact]
    public async Task Opened_ACProgramEchoes_AndIsKilled()
    {
        using Process echo = StartC("echo");
        try
        {
            string? port = await echo.StandardOutput.ReadLineAsync().Within();
            var remote = new UdpEndPoint(IPAddress.Loopback, int.Parse(port!, CultureInfo.InvariantCulture));
            await using MessageChannel opened = await MessageChannel.OpenAsync(remote).Within();
            foreach (int size in (int[])[0, 1, 1400, opened.MaxMessageSize])
            {
                byte[] sent = Payload.Random(size);
                byte[] buffer = new byte[opened.MaxMessageSize];
                await opened.SendAsync(sent).Within();
                ReceivedMessage received = await opened.ReceiveAsync(buffer).Within();
                Assert.Equal(sent, buffer[..received.Length]);
            }

            Task<(string Text, EndPoint? Peer)> receive = Loopback.ReceiveAsync(opened);
            echo.Kill();
            await echo.WaitForExitAsync().Within();
            Assert.False(receive.IsCompleted, "a datagram's peer ends without a word");
            await Loopback.SendAsync(opened, "are you there?");
            ConnectionException refused = await Assert.ThrowsAsync<ConnectionException>(() => receive);
            Assert.Equal(Reason.Refused, refused.Reason);
        }
        finally
        {
            echo.Kill();
        }
    }

    [SkippableFact]
    public async Task Bound_ACProgramSends_EachComesWhole()
    {
        const int Count = 50;
        await using MessageChannel bound = await Loopback.BindAsync();
        using Process sender = StartC("send", $"{Loopback.PortOf(bound)}", $"{Count}");
        byte[] buffer = new byte[bound.MaxMessageSize];
        for (int i = 0; i <= Count; i++)
        {
            int length = (await bound.ReceiveAsync(buffer).Within()).Length;
            Assert.Equal(i < Count ? i : 65_507, length);
            Assert.Equal(-1, buffer.AsSpan(0, length).IndexOfAnyExcept((byte)i));
        }

        await sender.WaitForExitAsync().Within();
        Assert.Equal(0, sender.ExitCode);
    }

    /// <summary>What a program sends as one and the kernel takes apart comes as one, and is many messages again.</summary>
    [SkippableFact]
    public async Task Bound_ACProgramSendsTogether_EachComesByItself()
    {
        const int Count = 40;
        await using MessageChannel bound = await Loopback.BindAsync();
        var batch = new MessageBatch(64, 200);
        Task<int> receive = bound.ReceiveBatchAsync(batch).AsTask();
        using Process sender = StartC("together", $"{Loopback.PortOf(bound)}", $"{Count}");
        Assert.Equal(Count + 1, await receive.Within());
        for (int i = 0; i <= Count; i++)
        {
            Assert.Equal(i < Count ? 100 : 10, batch[i].Body.Length);
            Assert.Equal(-1, batch[i].Body.Span.IndexOfAnyExcept((byte)i));
        }

        await sender.WaitForExitAsync().Within();
        Assert.Equal(0, sender.ExitCode);
    }

    /// <summary>A program that knows nothing of it gets each by itself.</summary>
    [SkippableFact]
    public async Task Opened_ACProgramReceives_EachOfABatchIsWhole()
    {
        int[] sizes = [.. Enumerable.Repeat(100, 70), 40, 0, 0, 100, 40, 40, 3000, 3000, 2999, 1];
        using Process receiver = StartC("receive", $"{sizes.Length}");
        string? port = await receiver.StandardOutput.ReadLineAsync().Within();
        await using MessageChannel opened = await MessageChannel.OpenAsync(new UdpEndPoint(IPAddress.Loopback, int.Parse(port!, CultureInfo.InvariantCulture))).Within();
        await opened.SendBatchAsync(sizes.Select((size, i) => new ReadOnlyMemory<byte>([.. Enumerable.Repeat((byte)i, size)])).ToArray()).Within();
        for (int i = 0; i < sizes.Length; i++)
            Assert.Equal($"{sizes[i]} {(sizes[i] > 0 ? i : -1)}", await receiver.StandardOutput.ReadLineAsync().Within());
        await receiver.WaitForExitAsync().Within();
    }

    [SkippableTheory]
    [InlineData("socat -b 70000 - UDP4:127.0.0.1:{0}")]
    [InlineData("nc -u -q -1 127.0.0.1 {0}")]
    public async Task Bound_AProgramOfTheSystem_TalksAndIsAnswered(string command)
    {
        string[] words = command.Split(' ');
        await using MessageChannel bound = await Loopback.BindAsync();
        using Process peer = Start(Find(words[0]), [.. words[1..].Select(word => string.Format(CultureInfo.InvariantCulture, word, Loopback.PortOf(bound)))]);
        try
        {
            await peer.StandardInput.WriteAsync("question\n");
            await peer.StandardInput.FlushAsync();
            (string text, EndPoint? from) = await Loopback.ReceiveAsync(bound);
            Assert.Equal("question\n", text);
            await Loopback.SendAsync(bound, "answer\n", from);
            Assert.Equal("answer", await peer.StandardOutput.ReadLineAsync().Within());
        }
        finally
        {
            peer.Kill();
        }
    }

    private Process StartC(params string[] arguments)
    {
        string program = _folder["udp_peer"];
        using Process compiler = Start(Find("cc"), ["-O1", "-Wall", "-Wextra", "-Werror", "-o", program, Path.Combine(Repository.Root, "test", "Parley.Tests", "c", "udp_peer.c")]);
        string said = compiler.StandardError.ReadToEnd();
        compiler.WaitForExit();
        Assert.True(compiler.ExitCode == 0, said);
        return Start(program, arguments);
    }

    private static Process Start(string program, string[] arguments)
        => Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true })!;

    private static string Find(string name)
    {
        string? found = (Environment.GetEnvironmentVariable("PATH") ?? "/usr/bin:/bin").Split(':').Select(folder => Path.Combine(folder, name)).FirstOrDefault(File.Exists);
        Skip.If(found is null, $"{name} is not installed");
        return found!;
    }
}
