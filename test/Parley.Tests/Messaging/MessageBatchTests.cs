namespace Parley.Tests.Messaging;

/// <summary>What a batch holds, apart from any channel.</summary>
public sealed class MessageBatchTests
{
    [Fact]
    public void Add_AsManyAsThereIsRoomFor_InOrder()
    {
        var batch = new MessageBatch(3, 5);
        batch.Add("first"u8);
        batch.Add([]);
        "go"u8.CopyTo(batch.Add(2));

        Assert.Equal(3, batch.Count);
        Assert.Equal("first"u8, batch.GetBody(0));
        Assert.Equal(0, batch.GetBody(1).Length);
        Assert.Equal("go"u8, batch.GetBody(2));
        Assert.Equal("go"u8, batch[2].Body.Span);
        Assert.Equal(default, batch[2].Header);
        Assert.Throws<InvalidOperationException>(() => batch.Add("more"u8));
        Assert.Equal(3, batch.Count);
    }

    [Theory]
    [InlineData(6)]
    [InlineData(-1)]
    [InlineData(int.MaxValue)]
    public void Add_ALengthThereIsNoRoomFor_IsRefused(int length)
    {
        var batch = new MessageBatch(3, 5);
        Assert.Throws<ArgumentOutOfRangeException>(() => batch.Add(length).Length);
        Assert.Equal(0, batch.Count);
    }

    [Fact]
    public void Clear_TakesAllOutOfIt()
    {
        var batch = new MessageBatch(1, 5);
        batch.Add("first"u8);
        batch.Clear();

        Assert.Equal(0, batch.Count);
        Assert.Throws<ArgumentOutOfRangeException>(() => batch.GetBody(0).Length);
        Assert.Throws<ArgumentOutOfRangeException>(() => batch[0]);
        batch.Add("other"u8);
        Assert.Equal("other"u8, batch.GetBody(0));
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(1)]
    [InlineData(int.MinValue)]
    public void GetBody_OfNoMessage_IsRefused(int index)
    {
        var batch = new MessageBatch(2, 5);
        batch.Add("first"u8);
        Assert.Throws<ArgumentOutOfRangeException>(() => batch.GetBody(index).Length);
    }

    /// <summary>What came with a message that the batch held before does not go with the next.</summary>
    [Fact]
    public void WhatCameWithAMessage_IsGoneWithIt()
    {
        var batch = new MessageBatch(2, 5);
        batch.Add(new ReceivedMessage(1, new MessageHeader { Priority = 7 }));
        Assert.Equal(7, batch[0].Header.Priority);
        batch.Clear();
        batch.Add("first"u8);
        Assert.Equal(0, batch[0].Header.Priority);
    }

    [Theory]
    [InlineData(6)]
    [InlineData(-1)]
    public void WhatAChannelSaysItReceived_IsNoMoreThanTheRoom(int length)
    {
        var batch = new MessageBatch(2, 5);
        Assert.Throws<ArgumentOutOfRangeException>(() => batch.Add(new ReceivedMessage(length, default)));
        Assert.Equal(0, batch.Count);
    }

    [Fact]
    public void Loop_BeforeAndAfterIt_IsAtNoMessage()
    {
        var batch = new MessageBatch(1, 5);
        batch.Add("first"u8);
        MessageBatch.Enumerator bodies = batch.GetEnumerator();
        Assert.Equal("none", CurrentOf(ref bodies));
        Assert.True(bodies.MoveNext());
        Assert.Equal("first", CurrentOf(ref bodies));
        Assert.False(bodies.MoveNext());
        Assert.Equal("none", CurrentOf(ref bodies));
        Assert.False(bodies.MoveNext());
        Assert.Equal("none", CurrentOf(ref bodies));
    }

    private static string CurrentOf(ref MessageBatch.Enumerator bodies)
    {
        try
        {
            return System.Text.Encoding.ASCII.GetString(bodies.Current);
        }
        catch (InvalidOperationException)
        {
            return "none";
        }
    }
}
