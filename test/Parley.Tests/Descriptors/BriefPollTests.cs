namespace Parley.Tests.Descriptors;

public sealed class BriefPollTests
{
    [Fact]
    public void IsDue_AtFirst_IsTrue() => Assert.True(new BriefPoll().IsDue());

    [Fact]
    public void IsDue_NothingIsEverFound_GetsRareAndStaysSo()
    {
        var poll = default(BriefPoll);
        int looks = 0;

        for (int sleeps = 0; sleeps < 20_000; sleeps++)
        {
            if (!poll.IsDue())
                continue;
            looks++;
            poll.FoundNothing();
        }

        // 1 + 2 + 4 + ... + 1024 sleeps for the first eleven, and one in 1025 from there on.
        Assert.InRange(looks, 25, 30);
    }

    [Fact]
    public void IsDue_AlwaysFound_IsAlwaysTrue()
    {
        var poll = default(BriefPoll);

        for (int sleeps = 0; sleeps < 100; sleeps++)
        {
            Assert.True(poll.IsDue());
            poll.Found();
        }
    }

    [Fact]
    public void IsDue_FoundAgainAfterALongTime_ComesBack()
    {
        var poll = default(BriefPoll);
        Run(ref poll, 20_000, found: false);

        Run(ref poll, 5_000, found: true);

        Assert.True(poll.IsDue());
        poll.Found();
        Assert.True(poll.IsDue());
    }

    [Fact]
    public void Within_NothingIsEverFound_MostRareLooksAreShort()
    {
        var poll = default(BriefPoll);
        Assert.Equal(800, poll.Within(800));
        Run(ref poll, 3000, found: false);

        var lengths = new List<long>();
        for (int sleeps = 0; sleeps < 16 * 1025; sleeps++)
        {
            if (!poll.IsDue())
                continue;
            lengths.Add(poll.Within(800));
            poll.FoundNothing();
        }

        Assert.Equal((14, 2), (lengths.Count(static length => length == 100), lengths.Count(static length => length == 800)));
        while (!poll.IsDue())
        {
        }

        poll.Found();
        Assert.Equal(800, poll.Within(800));
    }

    [Fact]
    public void Within_AShortSleepAfterRareLooks_TheNextLookIsAWholeOne()
    {
        var poll = default(BriefPoll);
        Run(ref poll, 3000, found: false);
        Assert.Equal(100, poll.Within(800));

        poll.NoteShortSleep();

        Assert.Equal(800, poll.Within(800));
    }

    private static void Run(ref BriefPoll poll, int sleeps, bool found)
    {
        for (int i = 0; i < sleeps; i++)
        {
            if (!poll.IsDue())
                continue;
            if (found)
                poll.Found();
            else
                poll.FoundNothing();
        }
    }
}
