namespace Parley.Tests.Messaging.Framing;

/// <summary>A program of another language speaks the frames as their documentation has them.</summary>
public sealed class PeerTests
{
    private const string Turns = """
        import socket, struct, sys
        peer = socket.socket(socket.AF_UNIX)
        peer.connect(sys.argv[1])
        stream = peer.makefile('rwb')
        while header := stream.read(4):
            message = stream.read(struct.unpack('>I', header)[0])
            stream.write(struct.pack('>I', len(message)) + message[::-1])
            stream.flush()
        """;

    [SkippableFact]
    public async Task PythonsStruct_TalksLen32_BothWays()
    {
        Skip.IfNot(IsThere("python3"), "python3 is not installed");
        using var place = new Place(ChannelKind.UnixPath);
        await using ConnectionListener listener = await ConnectionListener.BindAsync(place.EndPoint).Within();
        await using Connection python = await Connection.ConnectAsync(
            new ProcessEndPoint("python3", "-c", Turns, place.EndPoint.ToString()!)).Within();
        Connection? connection = await listener.AcceptAsync().Within();
        Assert.NotNull(connection);
        await using MessageChannel channel = MessageChannel.Over(connection, MessageFraming.Len32);
        foreach (int size in (int[])[0, 1, 3, 256, 65_536, 1_000_000])
        {
            byte[] message = Payload.Random(size, size);
            Task send = channel.SendAsync(message).AsTask();
            byte[] back = await RawFrames.ReceiveAsync(channel);
            await send.Within();
            Array.Reverse(message);
            Assert.Equal(message, back);
        }

        await channel.CompleteSendsAsync().Within();
        Assert.True((await channel.ReceiveAsync(new byte[1]).Within()).IsEnd);
    }

    private static bool IsThere(string program)
        => Environment.GetEnvironmentVariable("PATH")!.Split(':').Any(folder => File.Exists(Path.Combine(folder, program)));
}
