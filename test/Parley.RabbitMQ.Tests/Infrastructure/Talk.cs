using System.Text;

namespace Parley.Tests;

internal static class Talk
{
    public static Task SendTextAsync(this MessageChannel channel, string text, MessageHeader header = default)
        => channel.SendAsync(Encoding.UTF8.GetBytes(text), header).Within();

    public static async Task<(string Text, ReceivedMessage Received)> ReceiveTextAsync(this MessageChannel channel)
    {
        byte[] buffer = new byte[channel.MaxMessageSize];
        ReceivedMessage received = await channel.ReceiveAsync(buffer).Within();
        return (Encoding.UTF8.GetString(buffer, 0, received.Length), received);
    }
}
