using System.Net.Sockets;

namespace Parley.Tests.Messaging.Framing;

/// <summary>A framed channel over a Unix socket, and on the other end a plain socket that sends what it likes.</summary>
internal sealed class RawFrames : IAsyncDisposable
{
    private readonly RawPair _pair;

    private RawFrames(RawPair pair, MessageChannel channel)
    {
        _pair = pair;
        Channel = channel;
    }

    public MessageChannel Channel { get; }

    public Connection Connection => _pair.Connection;

    public Socket Peer => _pair.Peer;

    public static async Task<RawFrames> OpenAsync(MessageFraming framing, int max = 1024, Action<ConnectionOptions>? configure = null)
    {
        RawPair pair = await RawPair.ConnectAsync(ChannelKind.UnixPath, configure);
        return new RawFrames(pair, MessageChannel.Over(pair.Connection, framing, max, leaveOpen: true));
    }

    public async Task SendAsync(params byte[] bytes)
    {
        while (bytes.Length > 0)
            bytes = bytes[await Peer.SendAsync(bytes).Within()..];
    }

    public Task<byte[]> ReceiveAsync() => ReceiveAsync(Channel);

    public static async Task<byte[]> ReceiveAsync(MessageChannel channel)
    {
        byte[] buffer = new byte[channel.MaxMessageSize];
        ReceivedMessage received = await channel.ReceiveAsync(buffer).Within();
        Assert.False(received.IsEnd, "the end instead of a message");
        return buffer[..received.Length];
    }

    public async Task<ConnectionException> FailsAsync(Reason reason, Step step = Step.Receive)
    {
        ConnectionException failure = await Assert.ThrowsAsync<ConnectionException>(() => Channel.ReceiveAsync(new byte[Channel.MaxMessageSize]).Within());
        Assert.Equal((step, reason), (failure.Step, failure.Reason));
        return failure;
    }

    public static byte[] Frame(MessageFraming framing, params byte[] message) => framing switch
    {
        MessageFraming.Line => [.. message, (byte)'\n'],
        MessageFraming.Nul => [.. message, 0],
        _ => [(byte)(message.Length >> 24), (byte)(message.Length >> 16), (byte)(message.Length >> 8), (byte)message.Length, .. message],
    };

    public async ValueTask DisposeAsync()
    {
        await Channel.DisposeAsync().Within();
        await _pair.DisposeAsync();
    }
}
