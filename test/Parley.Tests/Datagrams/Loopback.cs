using System.Net;
using System.Text;

namespace Parley.Tests.Datagrams;

/// <summary>Channels on this machine, and short messages.</summary>
internal static class Loopback
{
    public static Task<MessageChannel> BindAsync(IPAddress? address = null, MessageChannelOptions? options = null)
        => MessageChannel.BindAsync(new UdpEndPoint(address ?? IPAddress.Loopback, 0), options).Within();

    public static Task<MessageChannel> OpenAsync(MessageChannel to, MessageChannelOptions? options = null)
        => MessageChannel.OpenAsync(to.LocalEndPoint!, options).Within();

    public static Task SendAsync(MessageChannel channel, string text, EndPoint? peer = null)
        => channel.SendAsync(Encoding.UTF8.GetBytes(text), new MessageHeader { Peer = peer }).Within();

    public static async Task<(string Text, EndPoint? Peer)> ReceiveAsync(MessageChannel channel)
    {
        byte[] buffer = new byte[channel.MaxMessageSize];
        ReceivedMessage received = await channel.ReceiveAsync(buffer).Within();
        return (Encoding.UTF8.GetString(buffer, 0, received.Length), received.Header.Peer);
    }

    public static int PortOf(MessageChannel channel) => ((IPEndPoint)((UdpEndPoint)channel.LocalEndPoint!).Address).Port;

    /// <summary>An address at which nobody receives; it may be given to somebody else at any time.</summary>
    public static async Task<UdpEndPoint> NobodyAsync(IPAddress? address = null)
    {
        await using MessageChannel gone = await BindAsync(address);
        return (UdpEndPoint)gone.LocalEndPoint!;
    }
}
