using Parley.Transports.Sockets;

namespace Parley.Tests.Access;

/// <summary>What one peer may have, by a clock that the test sets.</summary>
public sealed class QuotaTests
{
    private const int Room = 8;

    private readonly ManualTime _time = new();

    [Fact]
    public void Open_OneTooMany_IsExcessUntilOneLeaves()
    {
        var quotas = new PeerQuotas(2, null, _time, Room);

        Assert.Equal(Excess.None, quotas.TryEnter(1));
        Assert.Equal(Excess.None, quotas.TryEnter(1));
        Assert.Equal(Excess.Open, quotas.TryEnter(1));
        Assert.Equal(Excess.None, quotas.TryEnter(2));
        quotas.Leave(1);
        Assert.Equal(Excess.None, quotas.TryEnter(1));
    }

    [Fact]
    public void Open_AllLeave_NothingIsRemembered()
    {
        var quotas = new PeerQuotas(2, null, _time, Room);
        for (UInt128 peer = 0; peer < 100; peer++)
            quotas.TryEnter(peer);
        Assert.Equal(100, quotas.Count);

        for (UInt128 peer = 0; peer < 100; peer++)
            quotas.Leave(peer);

        Assert.Equal(0, quotas.Count);
    }

    [Fact]
    public void Rate_OneTooMany_IsExcessUntilTimePasses()
    {
        var quotas = new PeerQuotas(null, 4, _time, Room);
        for (int i = 0; i < 4; i++)
            Assert.Equal(Excess.None, quotas.TryEnter(1));
        Assert.Equal(Excess.Rate, quotas.TryEnter(1));
        Assert.Equal(Excess.None, quotas.TryEnter(2));

        _time.Advance(TimeSpan.FromMilliseconds(250));

        Assert.Equal(Excess.None, quotas.TryEnter(1));
        Assert.Equal(Excess.Rate, quotas.TryEnter(1));
    }

    [Fact]
    public void Rate_TriesInVain_DoNotKeepThePeerOut()
    {
        var quotas = new PeerQuotas(null, 1, _time, Room);
        quotas.TryEnter(1);
        int letIn = 0;
        for (int i = 0; i < 100; i++)
        {
            _time.Advance(TimeSpan.FromMilliseconds(101));
            letIn += quotas.TryEnter(1) == Excess.None ? 1 : 0;
        }

        Assert.Equal(10, letIn);
    }

    [Fact]
    public void Rate_FloodFromEverNewPeers_RemembersTheLastOnly()
    {
        var quotas = new PeerQuotas(null, 1, _time, Room);
        for (UInt128 peer = 0; peer < 10_000; peer++)
            Assert.Equal(Excess.None, quotas.TryEnter(peer));

        Assert.Equal(Room, quotas.Count);
        Assert.Equal(Excess.Rate, quotas.TryEnter(9_999));
        Assert.Equal(Excess.None, quotas.TryEnter(0));

        _time.Advance(TimeSpan.FromSeconds(2));
        quotas.TryEnter(77);

        Assert.Equal(1, quotas.Count);
    }

    [Fact]
    public void RateAndOpen_ThoseWhoAreThere_AreNeverForgotten()
    {
        var quotas = new PeerQuotas(1, 1000, _time, Room);
        for (UInt128 peer = 0; peer < 3 * Room; peer++)
            quotas.TryEnter(peer);
        _time.Advance(TimeSpan.FromSeconds(5));

        for (UInt128 peer = 0; peer < 3 * Room; peer++)
            Assert.Equal(Excess.Open, quotas.TryEnter(peer));
    }
}
