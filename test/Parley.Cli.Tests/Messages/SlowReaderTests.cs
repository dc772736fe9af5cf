using System.Buffers.Binary;
using System.Net.Sockets;
using static Parley.Cli.Tests.Payload;

namespace Parley.Cli.Tests.Messages;

public sealed class SlowReaderTests : IDisposable
{
    private readonly TestFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Receive_ReaderThatTakesItsTime_IsNoSilence()
    {
        byte[] message = Random(Megabyte / 2);
        byte[] frame = new byte[sizeof(uint) + message.Length];
        BinaryPrimitives.WriteUInt32BigEndian(frame, (uint)message.Length);
        message.CopyTo(frame, sizeof(uint));
        await using ListeningCommand receive = await Command.ListenAsync(
            new Launch("receive", "unix:" + _folder["s"], "--frame", "len32", "--timeout", "0.5", "--output", "len32") { CollectOutput = false });
        using Socket client = await RawSocket.ConnectAsync(receive.Endpoint);
        await RawSocket.SendAsync(client, frame);

        // More than a pipe holds: it is still printing when the time for the next message would be over.
        var first = new byte[1];
        await receive.Process.Output.ReadExactlyAsync(first);
        await Task.Delay(TimeSpan.FromSeconds(1));
        using var printed = new MemoryStream();
        printed.Write(first);
        await receive.Process.Output.CopyToAsync(printed);

        MustEqual(frame, printed.ToArray());
        (await receive.Process.EndAsync()).MustExit(4);
    }
}
