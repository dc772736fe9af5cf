using Parley.Transports.SharedMemory;

namespace Parley.Tests.SharedMemory;

/// <summary>For how long a reader that has come too early stays away, in pauses; 1 is not at all.</summary>
public sealed class StreamPauseTests
{
    private const int ManyWaits = 100;
    private const int MessagesWorthTheShortest = 8;

    private StreamPause _pause;
    private long _taken;

    [Fact]
    public void Length_StreamThatIsWorthEachPause_IsDoubledNineTimes()
    {
        int shortest = FirstOfAStream();
        int last = shortest;
        var lengths = new HashSet<int> { shortest };

        for (int i = 0; i < ManyWaits; i++)
            lengths.Add(last = Wait(came: MessagesWorthTheShortest * (last / shortest)));

        Assert.Equal(Enumerable.Range(0, 10).Select(doublings => shortest << doublings), lengths.Order());
        Assert.Equal(shortest << 9, last);
    }

    [Fact]
    public void Length_BurstsOfAThousand_IsNoLongerThanTheyAreWorth()
    {
        int shortest = FirstOfAStream();
        int longest = shortest;

        for (int i = 0; i < ManyWaits; i++)
            longest = Math.Max(longest, Wait(came: 1000));

        // 512 messages are worth six doublings, and are tried with one more.
        Assert.Equal(shortest << 7, longest);
    }

    [Fact]
    public void Length_OneMessageForEachWait_IsTriedRarely()
    {
        FirstOfAStream();

        int tried = 0;
        for (int i = 0; i < ManyWaits; i++)
            tried += Wait(came: 1) > 1 ? 1 : 0;

        Assert.InRange(tried, 1, ManyWaits / 10);
    }

    [Fact]
    public void Length_AfterALongWait_IsOne()
    {
        FirstOfAStream();
        _pause.Note(looks: int.MaxValue);

        Assert.Equal(1, _pause.Length(_taken += 1000));
    }

    private int FirstOfAStream()
    {
        Assert.Equal(1, Wait(came: 0));
        int first = Wait(came: MessagesWorthTheShortest);
        Assert.InRange(first, 2, int.MaxValue >> 9);
        return first;
    }

    private int Wait(int came)
    {
        int length = _pause.Length(_taken += came);
        _pause.Note(looks: 0);
        return length;
    }
}
