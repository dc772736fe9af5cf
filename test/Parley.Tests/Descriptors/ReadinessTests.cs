using System.Diagnostics;
using Parley.Transports.Descriptors;

namespace Parley.Tests.Descriptors;

public sealed class ReadinessTests
{
    private readonly Readiness _readiness = new(EventLoop.Shared, inline: false);

    /// <summary>A wait may be ended by somebody else, and another begin, while the loop looks at the first.</summary>
    [Fact]
    public async Task Signal_WhileWaitsChange_AsksNoWaiterDuringAWaitOfSomebodyElse()
    {
        const int Rounds = 200_000;
        var waiter = new CountingWaiter();
        using var over = new CancellationTokenSource();
        Task signals = OnItsOwnThread.Run(() =>
        {
            while (!over.IsCancellationRequested)
                _readiness.Signal();
        });
        await OnItsOwnThread.Run(() =>
        {
            for (int i = 0; i < Rounds; i++)
            {
                if (_readiness.TryBegin(Deadline.Never, waiter, out short token, CancellationToken.None))
                    Finish(token);
                waiter.IsAway = true;
                ValueTask<WaitResult> plain = _readiness.WaitAsync(Deadline.Never, CancellationToken.None);
                SpinWait.SpinUntil(() => plain.IsCompleted);
                Assert.Equal(WaitResult.Ready, plain.Result);
                waiter.IsAway = false;
            }
        }).Within(Limits.Transfer);
        await over.CancelAsync();
        await signals.Within();
        Assert.Equal(0, waiter.AskedInVain);

        void Finish(short token)
        {
            _readiness.Interrupt();
            var wait = new ValueTask<WaitResult>(_readiness, token);
            SpinWait.SpinUntil(() => wait.IsCompleted);
            _ = wait.Result;
            _readiness.TakeInterruption();
        }
    }

    [Fact]
    public void WaitAsync_SignalBefore_IsReadyAtOnce()
    {
        _readiness.Signal();
        Assert.True(_readiness.HasSignalled);

        Assert.Equal(WaitResult.Ready, Completed());
        Assert.False(_readiness.HasSignalled);
        Assert.False(Wait().IsCompleted);
    }

    [Fact]
    public async Task WaitAsync_SignalMeanwhile_IsReady()
    {
        Task<WaitResult> wait = Wait();
        Assert.True(_readiness.IsWaiting);

        _readiness.Signal();

        Assert.Equal(WaitResult.Ready, await wait.Within());
        Assert.False(_readiness.IsWaiting);
        Assert.False(_readiness.HasSignalled);
    }

    [Fact]
    public void Forget_AfterASignal_MakesTheNextOneWait()
    {
        _readiness.Signal();

        _readiness.Forget();

        Assert.False(Wait().IsCompleted);
    }

    [Fact]
    public async Task Forget_WhileSomebodyWaits_DoesNothing()
    {
        Task<WaitResult> wait = Wait();

        _readiness.Forget();
        _readiness.Signal();

        Assert.Equal(WaitResult.Ready, await wait.Within());
    }

    [Fact]
    public async Task Interrupt_Meanwhile_EndsTheWait()
    {
        Task<WaitResult> wait = Wait();

        _readiness.Interrupt();

        Assert.Equal(WaitResult.Interrupted, await wait.Within());
        Assert.True(_readiness.TakeInterruption());
        Assert.False(_readiness.TakeInterruption());
        Assert.False(Wait().IsCompleted);
    }

    [Fact]
    public void Interrupt_Before_EndsTheNextWait()
    {
        _readiness.Interrupt();

        Assert.Equal(WaitResult.Interrupted, Completed());
    }

    [Fact]
    public void Interrupt_Taken_IsNotSeenByTheNextWait()
    {
        _readiness.Interrupt();

        Assert.True(_readiness.TakeInterruption());

        Assert.False(Wait().IsCompleted);
    }

    [Fact]
    public async Task Close_Meanwhile_EndsThisWaitAndEveryLaterOne()
    {
        Task<WaitResult> wait = Wait();

        _readiness.Close();

        Assert.Equal(WaitResult.Closed, await wait.Within());
        Assert.Equal(WaitResult.Closed, Completed());
        Assert.Equal(WaitResult.Closed, Completed());
    }

    [Fact]
    public async Task WaitAsync_TokenCancelledMeanwhile_IsCanceled()
    {
        using var giveUp = new CancellationTokenSource();
        Task<WaitResult> wait = Wait(token: giveUp.Token);

        await giveUp.CancelAsync();

        Assert.Equal(WaitResult.Canceled, await wait.Within());
        Assert.False(Wait().IsCompleted);
    }

    [Fact]
    public void WaitAsync_TokenCancelledBefore_IsCanceled()
        => Assert.Equal(WaitResult.Canceled, Completed(new CancellationToken(true)));

    /// <summary>The registration of a wait that is over must not end a later one.</summary>
    [Fact]
    public async Task WaitAsync_TokenOfAnEarlierWait_HasNoEffect()
    {
        using var giveUp = new CancellationTokenSource();
        Task<WaitResult> first = Wait(token: giveUp.Token);
        _readiness.Signal();
        Assert.Equal(WaitResult.Ready, await first.Within());
        Task<WaitResult> second = Wait();

        await giveUp.CancelAsync();

        Assert.False(second.IsCompleted);
        _readiness.Signal();
        Assert.Equal(WaitResult.Ready, await second.Within());
    }

    [Fact]
    public async Task WaitAsync_Deadline_IsDueAndNotBefore()
    {
        long due = Clock.FromNow(TimeSpan.FromMilliseconds(100));

        WaitResult result = await Wait(due).Within();

        Assert.Equal(WaitResult.Due, result);
        Assert.True(Stopwatch.GetTimestamp() >= due);
    }

    [Fact]
    public async Task WaitAsync_DeadlineOfAnEarlierWait_HasNoEffectBeforeItsTime()
    {
        long soon = Clock.FromNow(TimeSpan.FromMilliseconds(50));
        Task<WaitResult> first = Wait(soon);
        _readiness.Signal();
        await first.Within();
        Task<WaitResult> second = Wait(Clock.FromNow(TimeSpan.FromMilliseconds(200)));

        Assert.Equal(WaitResult.Due, await second.Within());
    }

    [Fact]
    public async Task WaitAsync_WhileAnotherOneWaits_ThrowsAndTheFirstGoesOn()
    {
        Task<WaitResult> first = Wait();

        Assert.IsType<InvalidOperationException>(Record.Exception(void () => Wait()));
        _readiness.Signal();

        Assert.Equal(WaitResult.Ready, await first.Within());
    }

    /// <summary>An edge comes from the loop's thread at the very moment at which the wait begins: whichever is first, the wait ends.</summary>
    [Fact]
    public async Task Signal_WhileAWaitBegins_IsNotLost()
    {
        const int Rounds = 100_000;
        var readiness = new Readiness(EventLoop.Shared, inline: true);
        int begun = 0;
        Task signaller = OnItsOwnThread.Run(() =>
        {
            for (int round = 1; round <= Rounds; round++)
            {
                var until = new SpinWait();
                while (Volatile.Read(ref begun) < round)
                    until.SpinOnce(sleep1Threshold: -1);
                Thread.SpinWait(round % 7);
                readiness.Signal();
            }
        });
        int endedRounds = 0;
        Task waiter = OnItsOwnThread.Run(() =>
        {
            for (int round = 1; round <= Rounds; round++)
            {
                Volatile.Write(ref begun, round);
                Thread.SpinWait(round % 11);
                Task<WaitResult> wait = readiness.WaitAsync(Deadline.Never, CancellationToken.None).AsTask();
                if (!wait.IsCompleted && !wait.Wait(TimeSpan.FromSeconds(5)))
                    return;
                endedRounds = round;
            }
        });

        await waiter.Within(Limits.Transfer);

        Assert.True(endedRounds == Rounds, $"the signal of round {endedRounds + 1} was lost");
        await signaller.Within();
    }

    [Fact]
    public async Task Signal_WaiterHasNothingYet_GoesOnWaiting()
    {
        var waiter = new Waiter { Finishes = false };
        Task<WaitResult> wait = Begin(waiter);

        _readiness.Signal();

        Assert.False(wait.IsCompleted);
        Assert.True(_readiness.IsWaiting);
        waiter.Finishes = true;
        _readiness.Signal();
        Assert.Equal(WaitResult.Ready, await wait.Within());
        Assert.Equal(2, waiter.Asked);
    }

    [Fact]
    public async Task Interrupt_WhileTheWaiterIsAsked_EndsTheWaitThatWouldGoOn()
    {
        var waiter = new Waiter { Finishes = false };
        waiter.Meanwhile = _readiness.Interrupt;
        Task<WaitResult> wait = Begin(waiter);

        _readiness.Signal();

        Assert.Equal(WaitResult.Interrupted, await wait.Within());
    }

    [Fact]
    public async Task Interrupt_WhileTheWaiterFinishes_IsKeptForTheNextWait()
    {
        var waiter = new Waiter { Finishes = true };
        waiter.Meanwhile = _readiness.Interrupt;
        Task<WaitResult> wait = Begin(waiter);

        _readiness.Signal();

        Assert.Equal(WaitResult.Ready, await wait.Within());
        Assert.True(_readiness.TakeInterruption());
    }

    [Fact]
    public async Task OnDue_WaiterHasMoreTime_WaitsUntilThen()
    {
        long start = Stopwatch.GetTimestamp();
        var waiter = new Waiter { Finishes = false, Due = Clock.After(start, TimeSpan.FromMilliseconds(400)) };

        Assert.True(_readiness.TryBegin(Clock.After(start, TimeSpan.FromMilliseconds(50)), waiter, out short token, CancellationToken.None));
        WaitResult result = await new ValueTask<WaitResult>(_readiness, token).AsTask().Within();

        Assert.Equal(WaitResult.Due, result);
        Assert.True(Stopwatch.GetTimestamp() >= waiter.Due);
    }

    private Task<WaitResult> Begin(Waiter waiter)
    {
        Assert.True(_readiness.TryBegin(Deadline.Never, waiter, out short token, CancellationToken.None));
        return new ValueTask<WaitResult>(_readiness, token).AsTask();
    }

    private sealed class Waiter : IWaiter
    {
        public bool Finishes { get; set; }

        public long Due { get; init; }

        public Action? Meanwhile { get; set; }

        public int Asked { get; private set; }

        public bool TryFinish()
        {
            Asked++;
            Meanwhile?.Invoke();
            return Finishes;
        }

        public bool IsTooLate(out long due)
        {
            due = Due;
            return Clock.IsOver(due);
        }
    }

    private Task<WaitResult> Wait(long due = Deadline.Never, CancellationToken token = default)
        => _readiness.WaitAsync(due, token).AsTask();

    private WaitResult Completed(CancellationToken token = default)
    {
        Task<WaitResult> wait = Wait(token: token);
        Assert.True(wait.IsCompletedSuccessfully);
        return wait.GetAwaiter().GetResult();
    }

    /// <summary>Never has enough, and counts when it is asked though it does not wait.</summary>
    private sealed class CountingWaiter : IWaiter
    {
        private volatile bool _isAway;

        public bool IsAway
        {
            get => _isAway;
            set => _isAway = value;
        }

        public int AskedInVain { get; private set; }

        public bool TryFinish()
        {
            if (_isAway)
                AskedInVain++;
            return false;
        }

        public bool IsTooLate(out long due)
        {
            due = Deadline.Never;
            return false;
        }
    }
}
