namespace Parley.Tests;

/// <summary>Messages that are told apart by their length, which says what bytes they have.</summary>
internal static class SizedMessages
{
    public static byte[] Of(int length) => Payload.Random(length, seed: length);

    /// <summary>Sends them, and ends.</summary>
    public static async Task SendAllAsync(MessageChannel channel, int[] lengths)
    {
        foreach (int length in lengths)
            await channel.SendAsync(Of(length)).ConfigureAwait(false);
        await channel.CompleteSendsAsync().ConfigureAwait(false);
    }

    /// <summary>Receives until the end, and expects just these.</summary>
    public static async Task ReceiveAllAsync(MessageChannel channel, int[] lengths)
    {
        var received = new List<byte[]>();
        using var limit = new CancellationTokenSource(Limits.Transfer);
        await foreach (Message message in channel.ReceiveAllAsync(limit.Token))
            received.Add(message.Body.ToArray());
        Assert.Equal(lengths.Select(Of), received);
    }
}
