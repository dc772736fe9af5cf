using System.Globalization;
using System.Text;

namespace Parley.Tests.Queues;

/// <summary>Plain C programs on the other end of a queue.</summary>
public sealed class CInteropTests : IDisposable
{
    private const string Program = "mq";

    private readonly TestQueue _queue = new();

    private string Name => _queue.EndPoint.Name;

    public void Dispose() => _queue.Dispose();

    [SkippableFact]
    public async Task Receive_FromC_PrioritiesInOrder()
    {
        await CProgram.RunAsync(Program, "priorities", Name);

        await using MessageChannel channel = await _queue.OpenAsync(ConnectionDirection.ReceiveOnly);
        byte[] buffer = new byte[channel.MaxMessageSize];
        foreach ((int length, int priority) in ((int, int)[])[(4, 32767), (2, 7), (3, 3), (1, 0), (5, 0)])
        {
            Assert.True(channel.TryReceive(buffer, out ReceivedMessage received));
            Assert.Equal((length, priority), (received.Length, received.Header.Priority));
            Assert.Equal(new string('x', length), Encoding.ASCII.GetString(buffer, 0, length));
        }

        Assert.False(channel.TryReceive(buffer, out _));
    }

    [SkippableFact]
    public async Task Send_ToC_PrioritiesEmptyAndLargest()
    {
        await using MessageChannel channel = await _queue.OpenAsync(ConnectionDirection.SendOnly);
        string largest = new('l', channel.MaxMessageSize);
        await channel.SendAsync("low"u8.ToArray()).Within();
        await channel.SendAsync(ReadOnlyMemory<byte>.Empty, new MessageHeader { Priority = 5 }).Within();
        channel.Send(Encoding.ASCII.GetBytes(largest), new MessageHeader { Priority = channel.MaxPriority }, Limits.Wait);

        Assert.Equal($"32767 {largest.Length} {largest}\n5 0 \n0 3 low\n", await CProgram.RunAsync(Program, "receive", Name, "3"));
    }

    [SkippableTheory]
    [InlineData(false, 0)]
    [InlineData(true, 0)]
    [InlineData(true, 50)]
    public async Task Echo_ByC_EachComesBack(bool isBlocking, int spinMicroseconds)
    {
        const int Rounds = 300;
        using var back = new TestQueue();
        await using CProgram echo = await CProgram.StartAsync(Program, "echo", Name, back.EndPoint.Name, $"{Rounds}");
        TimeSpan spin = TimeSpan.FromMicroseconds(spinMicroseconds);
        await using MessageChannel there = await _queue.OpenAsync(ConnectionDirection.SendOnly, spin);
        await using MessageChannel again = await back.OpenAsync(ConnectionDirection.ReceiveOnly, spin);
        byte[] buffer = new byte[again.MaxMessageSize];
        for (int i = 0; i < Rounds; i++)
        {
            byte[] message = Payload.Random(i % (there.MaxMessageSize + 1), seed: i);
            var header = new MessageHeader { Priority = i };
            ReceivedMessage received;
            if (isBlocking)
            {
                there.Send(message, header, Timeout.InfiniteTimeSpan);
                received = again.Receive(buffer, Timeout.InfiniteTimeSpan);
            }
            else
            {
                await there.SendAsync(message, header).Within();
                received = await again.ReceiveAsync(buffer).Within();
            }

            Assert.Equal(i, received.Header.Priority);
            Assert.Equal(message, buffer[..received.Length]);
        }

        await echo.OutputAsync();
    }

    [SkippableFact]
    public async Task ManySendersInC_ManyReceiversHere_NoneTwiceNoneLost()
    {
        const int Senders = 4, Each = 500, Receivers = 4;
        await using MessageChannel channel = await _queue.OpenAsync();
        var seen = new List<string>();
        using var all = new CancellationTokenSource();
        Task[] receivers = [.. Enumerable.Range(0, Receivers).Select(_ => Task.Run(ReceiveAsync))];
        await Task.WhenAll(Enumerable.Range(0, Senders).Select(sender => CProgram.RunAsync(Program, "send", Name, $"{sender}", $"{Each}"))).Within(Limits.Transfer);
        await Task.WhenAll(receivers).Within(Limits.Transfer);
        Assert.Equal(Expected(Senders, Each), seen.Order(StringComparer.Ordinal));

        async Task ReceiveAsync()
        {
            byte[] buffer = new byte[channel.MaxMessageSize];
            try
            {
                while (true)
                {
                    ReceivedMessage received = await channel.ReceiveAsync(buffer, all.Token);
                    lock (seen)
                    {
                        seen.Add(Encoding.ASCII.GetString(buffer, 0, received.Length));
                        if (seen.Count == Senders * Each)
                            all.Cancel();
                    }
                }
            }
            catch (OperationCanceledException) when (all.IsCancellationRequested)
            {
                // Every message has been received.
            }
        }
    }

    [SkippableFact]
    public async Task ManySendersHere_ManyReceiversInC_NoneTwiceNoneLost()
    {
        const int Senders = 4, Each = 500, Receivers = 3;
        await using MessageChannel channel = await _queue.OpenAsync(ConnectionDirection.SendOnly);
        Task<string>[] receivers = [.. Enumerable.Range(0, Receivers).Select(_ => CProgram.RunAsync(Program, "receive", Name, "0"))];
        await Task.WhenAll(Enumerable.Range(0, Senders).Select(sender => OnItsOwnThread.Run(() =>
        {
            for (int i = 0; i < Each; i++)
                channel.Send(Encoding.ASCII.GetBytes($"{sender}-{i}"), default, Limits.Transfer);
        }))).Within(Limits.Transfer);
        for (int i = 0; i < Receivers; i++)
            await channel.SendAsync("stop"u8.ToArray()).Within();
        string[] outputs = await Task.WhenAll(receivers).Within(Limits.Transfer);
        IEnumerable<string> seen = outputs.SelectMany(output => output.Split('\n', StringSplitOptions.RemoveEmptyEntries)).Select(line => line.Split(' ')[2]);
        Assert.Equal(Expected(Senders, Each), seen.Order(StringComparer.Ordinal));
    }

    [SkippableFact]
    public async Task FilledByC_SendersHereWait()
    {
        await using MessageChannel channel = await _queue.OpenAsync();
        Assert.Equal(TestQueue.Capacity, int.Parse(await CProgram.RunAsync(Program, "fill", Name), CultureInfo.InvariantCulture));
        Assert.False(channel.TrySend("more"u8));
        Task waiting = channel.SendAsync("one"u8.ToArray()).AsTask();
        Task blocked = OnItsOwnThread.Run(() => channel.Send("two"u8, default, Timeout.InfiniteTimeSpan));
        Assert.False(waiting.IsCompleted);

        await CProgram.RunAsync(Program, "receive", Name, "2");

        await Task.WhenAll(waiting, blocked).Within();
        Assert.Equal(TestQueue.Capacity, Assert.Single(NamedObject.Inspect(_queue.EndPoint)).MessagesWaiting);
    }

    [SkippableFact]
    public async Task FilledHere_CSeesFull()
    {
        await using MessageChannel channel = await _queue.OpenAsync();
        for (int i = 0; i < TestQueue.Capacity; i++)
            Assert.True(channel.TrySend("full"u8));
        Assert.False(channel.TrySend("more"u8));
        Assert.Equal("0\n", await CProgram.RunAsync(Program, "fill", Name));
        Assert.Equal($"{TestQueue.Capacity}\n", await CProgram.RunAsync(Program, "drain", Name));
        Assert.False(channel.TryReceive(new byte[channel.MaxMessageSize], out _));
    }

    private static IEnumerable<string> Expected(int senders, int each)
        => Enumerable.Range(0, senders).SelectMany(sender => Enumerable.Range(0, each).Select(i => $"{sender}-{i}")).Order(StringComparer.Ordinal);
}
