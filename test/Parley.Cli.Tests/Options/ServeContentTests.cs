using System.Net.Sockets;
using System.Text;
using static Parley.Cli.Tests.Payload;

namespace Parley.Cli.Tests.Options;

/// <summary>What <c>serve</c> says to its clients.</summary>
public sealed class ServeContentTests : IDisposable
{
    private const string AnyPort = "tcp://127.0.0.1:0";

    private readonly TestFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("hello")]
    [InlineData("two words\n")]
    [InlineData("no\\nescapes %s")]
    [InlineData("žluťoučký kůň ☃ 🐴")]
    [InlineData("")]
    [InlineData("-")]
    public async Task ServeMessage_AnyText_IsGivenAsItIs(string message)
    {
        await using ListeningCommand server = await Command.ListenAsync("serve", AnyPort, "--message", message);

        Assert.Equal(Encoding.UTF8.GetBytes(message), await RawSocket.ReceiveFromAsync(server.Endpoint));
    }

    [Fact]
    public async Task ServeFile_LargeFile_ArrivesWhole()
    {
        byte[] file = WriteFile(_folder["file"], 64 * Megabyte);
        await using ListeningCommand server = await Command.ListenAsync("serve", AnyPort, "--file", _folder["file"]);

        MustEqual(file, await RawSocket.ReceiveFromAsync(server.Endpoint));
    }

    [Fact]
    public async Task ServeFile_FiveClientsAtOnce_EachGetsTheWholeFile()
    {
        byte[] file = WriteFile(_folder["file"], 16 * Megabyte);
        await using ListeningCommand server = await Command.ListenAsync("serve", AnyPort, "--file", _folder["file"]);

        byte[][] copies = await Task.WhenAll(Enumerable.Range(0, 5).Select(_ => RawSocket.ReceiveFromAsync(server.Endpoint)))
            .WaitAsync(Limits.Transfer);

        Assert.All(copies, copy => MustEqual(file, copy));
    }

    [Fact]
    public async Task ServeFile_EmptyFile_IsACleanEnd()
    {
        await File.WriteAllBytesAsync(_folder["empty"], []);
        await using ListeningCommand server = await Command.ListenAsync("serve", AnyPort, "--file", _folder["empty"]);

        Assert.Empty(await RawSocket.ReceiveFromAsync(server.Endpoint));
    }

    [Fact]
    public async Task ServeFile_LargeFile_IsStreamedNotLoaded()
    {
        // Sparse, so that it costs nothing on disk; more than the process may hold.
        await using (FileStream sparse = File.Create(_folder["sparse"]))
            sparse.SetLength(3L * 1024 * Megabyte);
        await using ListeningCommand server = await Command.ListenAsync("serve", AnyPort, "--file", _folder["sparse"]);
        using Socket client = await RawSocket.ConnectAsync(server.Endpoint);

        await RawSocket.ReadExactlyAsync(client, 64 * Megabyte);

        string resident = File.ReadLines($"/proc/{server.Process.Id}/status").First(line => line.StartsWith("VmHWM:", StringComparison.Ordinal));
        Assert.InRange(int.Parse(resident.Split(' ', StringSplitOptions.RemoveEmptyEntries)[^2]), 1, 300 * Kilobyte);
    }

    [SkippableTheory]
    [InlineData("tcp4")]
    [InlineData("unix")]
    public async Task ServeEcho_HalfClosedByTheClient_GivesEverythingBack(string kind)
    {
        byte[] said = Random(5 * Megabyte);
        await using ListeningCommand server = await Command.ListenAsync("serve", Endpoints.New(kind, _folder), "--echo");
        using Socket client = await RawSocket.ConnectAsync(server.Endpoint);

        MustEqual(said, await RawSocket.ExchangeAsync(client, said));
    }

    [Fact]
    public async Task ServeEcho_ClientThatHasNotEnded_IsNotEndedEither()
    {
        await using ListeningCommand server = await Command.ListenAsync("serve", AnyPort, "--echo");
        using Socket client = await RawSocket.ConnectAsync(server.Endpoint);

        await RawSocket.SendAsync(client, "ping"u8.ToArray());

        Assert.Equal("ping"u8.ToArray(), await RawSocket.ReadExactlyAsync(client, 4));
        Assert.True(await RawSocket.IsQuietAsync(client));
    }

    [Fact]
    public async Task ServeDiscard_AnyInput_AnswersNothingAndCountsIt()
    {
        await using ListeningCommand server = await Command.ListenAsync("serve", AnyPort, "--discard", "-v");
        using Socket client = await RawSocket.ConnectAsync(server.Endpoint);

        Assert.Empty(await RawSocket.ExchangeAsync(client, Random(5 * Megabyte)));

        await server.Process.WaitForErrorAsync($"{5 * Megabyte} bytes in");
    }
}
