using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Text;

namespace Parley.Tests;

/// <summary>Numbered messages, many under way at once, and a receiver that keeps account: what was confirmed has to arrive.</summary>
internal sealed class Traffic(RabbitMQOptions options) : IAsyncDisposable
{
    private const int Senders = 16;

    // What a busy machine may add to a deadline.
    private static readonly TimeSpan Slack = TimeSpan.FromSeconds(1);

    private readonly ConcurrentDictionary<int, bool> _confirmed = new();
    private readonly ConcurrentDictionary<int, int> _received = new();
    private readonly CancellationTokenSource _enough = new();
    private readonly CancellationTokenSource _end = new();
    private MessageChannel? _sending;
    private MessageChannel? _receiving;
    private Task _senders = Task.CompletedTask;
    private Task _receiver = Task.CompletedTask;
    private int _next;
    private int _repeated;
    private int _unmarked;
    private int _givenUp;
    private int _late;
    private long _longest;

    /// <summary>Whether a send may end by its deadline: it is counted then.</summary>
    public bool MayGiveUp { get; init; }

    public async Task StartAsync(AmqpEndPoint send, AmqpEndPoint receive)
    {
        _sending = await RabbitMQTransport.OpenAsync(send, options).Within();
        _receiving = await RabbitMQTransport.OpenAsync(receive, options).Within();
        _senders = Task.WhenAll(Enumerable.Range(0, Senders).Select(_ => Task.Run(SendAsync)));
        _receiver = Task.Run(ReceiveAsync);
    }

    /// <summary>Waits until so many more are confirmed.</summary>
    public async Task HasConfirmedAsync(int more)
    {
        int goal = _confirmed.Count + more;
        Task reached = Task.Run(async () =>
        {
            while (_confirmed.Count < goal)
                await Task.Delay(5);
        });
        await (await Task.WhenAny(reached, _senders, _receiver)).Within(Limits.Transfer);
        await reached.Within(Limits.Transfer);
    }

    /// <summary>Sends no more, and waits until all that was confirmed has arrived.</summary>
    public async Task FinishAsync()
    {
        await _enough.CancelAsync();
        await _senders.Within(Limits.Transfer);
        int[] Missing() => [.. _confirmed.Keys.Except(_received.Keys)];
        try
        {
            await Eventually.TrueAsync(() => Missing().Length == 0 || _receiver.IsCompleted, "all have arrived");
        }
        catch (TimeoutException)
        {
            // Said with more words below.
        }

        Assert.True(Missing().Length == 0, $"of {_confirmed.Count} confirmed messages {Missing().Length} were lost: {string.Join(", ", Missing().Order().Take(20))}");
        await _end.CancelAsync();
        await _receiver.Within();
        Assert.Equal(0, _unmarked);
    }

    /// <summary>What became of the messages, and of the calls.</summary>
    public string Account()
    {
        int lost = _confirmed.Keys.Except(_received.Keys).Count();
        double longest = TimeSpan.FromTicks(Volatile.Read(ref _longest)).TotalSeconds;
        return string.Create(
            CultureInfo.InvariantCulture,
            $"{_confirmed.Count} confirmed, {lost} lost, {_repeated} came again, of them {_unmarked} unmarked, {_givenUp} given up, {_late} calls past their deadline, the longest took {longest:0.00} s");
    }

    public async ValueTask DisposeAsync()
    {
        await _enough.CancelAsync();
        await _end.CancelAsync();
        foreach (MessageChannel? channel in (MessageChannel?[])[_sending, _receiving])
        {
            if (channel is not null)
                await channel.DisposeAsync();
        }

        _enough.Dispose();
        _end.Dispose();
    }

    private async Task SendAsync()
    {
        while (!_enough.IsCancellationRequested)
        {
            int number = Interlocked.Increment(ref _next);
            long started = Stopwatch.GetTimestamp();
            try
            {
                await _sending!.SendAsync(Encoding.ASCII.GetBytes($"{number}")).Within(Limits.Transfer);
                _confirmed[number] = true;
            }
            catch (ConnectionException late) when (MayGiveUp && late is { Step: Step.Send, Reason: Reason.TimedOut })
            {
                Interlocked.Increment(ref _givenUp);
            }

            Note(started);
        }
    }

    private void Note(long started)
    {
        TimeSpan took = Stopwatch.GetElapsedTime(started);
        if (took > options.CallTimeout + Slack)
            Interlocked.Increment(ref _late);
        long longest;
        while ((longest = Volatile.Read(ref _longest)) < took.Ticks)
            _ = Interlocked.CompareExchange(ref _longest, took.Ticks, longest);
    }

    private async Task ReceiveAsync()
    {
        byte[] buffer = new byte[64];
        while (true)
        {
            try
            {
                ReceivedMessage received = await _receiving!.ReceiveAsync(buffer, _end.Token);
                int number = int.Parse(Encoding.ASCII.GetString(buffer, 0, received.Length), CultureInfo.InvariantCulture);
                bool isMarked = received.Delivery!.IsRedelivered || received.Header.Properties!.ContainsKey("x-parley-resent");
                if (_received.AddOrUpdate(number, 1, (_, times) => times + 1) > 1)
                {
                    _repeated++;
                    if (!isMarked)
                        Interlocked.Increment(ref _unmarked);
                }

                long started = Stopwatch.GetTimestamp();
                try
                {
                    await received.Delivery.AcknowledgeAsync(_end.Token);
                }
                finally
                {
                    Note(started);
                }
            }
            catch (ConnectionException gone) when (gone is { Step: Step.Receive, Reason: Reason.Reset })
            {
                // It comes again.
            }
            catch (OperationCanceledException) when (_end.IsCancellationRequested)
            {
                return;
            }
        }
    }
}
