using System.Collections.Concurrent;
using System.Text;

namespace Parley.Tests.Messaging;

public abstract partial class MessageContract
{
    [SkippableFact]
    public async Task ManySendersAndReceivers_NoMessageTwice_NoneLost()
    {
        const int Senders = 4;
        const int Receivers = 4;
        const int Each = 500;
        await using MessagePair pair = await OpenAsync();
        if (!FeelsBackpressure)
            return;
        var seen = new ConcurrentDictionary<string, int>();
        int left = Senders * Each;
        using var all = new CancellationTokenSource();
        Task[] receivers = [.. Enumerable.Range(0, Receivers).Select(_ => Task.Run(ReceiveAll))];
        await Task.WhenAll(Enumerable.Range(0, Senders).Select(sender => Task.Run(async () =>
        {
            for (int i = 0; i < Each; i++)
                await pair.First.SendAsync(Encoding.ASCII.GetBytes($"{sender}-{i}"));
        }))).Within(Limits.Transfer);
        await Task.WhenAll(receivers).Within(Limits.Transfer);
        Assert.Equal(Senders * Each, seen.Count);
        Assert.All(seen, entry => Assert.Equal(1, entry.Value));

        async Task ReceiveAll()
        {
            byte[] buffer = new byte[pair.Second.MaxMessageSize];
            try
            {
                while (true)
                {
                    ReceivedMessage received = await pair.Second.ReceiveAsync(buffer, all.Token);
                    Assert.False(received.IsEnd);
                    seen.AddOrUpdate(Encoding.ASCII.GetString(buffer, 0, received.Length), 1, (_, times) => times + 1);
                    if (Interlocked.Decrement(ref left) == 0)
                        await all.CancelAsync();
                }
            }
            catch (OperationCanceledException) when (all.IsCancellationRequested)
            {
                // Every message has been received.
            }
        }
    }

    [SkippableFact]
    public async Task ManyReceivers_Waiting_EachGetsOne()
    {
        const int Receivers = 8;
        await using MessagePair pair = await OpenAsync();
        Task<byte[]>[] waiting = [.. Enumerable.Range(0, Receivers).Select(_ => ReceiveAsync(pair.Second))];
        for (int i = 0; i < Receivers; i++)
            await pair.First.SendAsync(Numbered(i)).Within();
        byte[][] received = await Task.WhenAll(waiting).Within();
        Assert.Equal(
            Enumerable.Range(0, Receivers).Select(i => Encoding.ASCII.GetString(Numbered(i))).Order(StringComparer.Ordinal),
            received.Select(Encoding.ASCII.GetString).Order(StringComparer.Ordinal));
    }
}
