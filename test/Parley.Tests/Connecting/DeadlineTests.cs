using System.Diagnostics;
using System.Net.Sockets;

namespace Parley.Tests.Connecting;

/// <summary>Every wait ends, also where the peer does nothing at all.</summary>
public sealed class DeadlineTests
{
    private static readonly TimeSpan Short = TimeSpan.FromMilliseconds(300);

    public static TheoryData<ChannelKind> Sockets => [ChannelKind.Tcp4, ChannelKind.UnixPath];

    [Theory]
    [MemberData(nameof(Sockets))]
    public async Task IdleTimeout_PeerSaysNothing_BreaksTheRead(ChannelKind kind)
    {
        long start = Stopwatch.GetTimestamp();
        await using RawPair pair = await RawPair.ConnectAsync(kind, options => options.IdleTimeout = Short);

        ConnectionException failure = await TimesOutAsync(() => pair.Connection.Input.ReadAsync().AsTask(), Step.Read);

        Assert.True(Stopwatch.GetElapsedTime(start) >= Short);
        Assert.Contains("no byte moved", failure.Message, StringComparison.Ordinal);
        await TimesOutAsync(() => pair.Connection.Input.ReadAsync().AsTask(), Step.Read);
        await Eventually.CancelledAsync(pair.Connection.Closed);
    }

    [Theory]
    [MemberData(nameof(Sockets))]
    public async Task IdleTimeout_PeerTakesNothing_BreaksTheWrite(ChannelKind kind)
    {
        await using RawPair pair = await RawPair.ConnectAsync(kind, options => options.IdleTimeout = Short);

        await TimesOutAsync(() => Talk.SendAsync(pair.Connection, new byte[Payload.TooMuch(kind)]), Step.Write);
    }

    /// <summary>What counts is the last byte in either direction: a reader that hears nothing waits while its side talks.</summary>
    [Theory]
    [MemberData(nameof(Sockets))]
    public async Task IdleTimeout_BytesMove_StartsAnew(ChannelKind kind)
    {
        TimeSpan limit = TimeSpan.FromSeconds(1);
        long lastByte = Stopwatch.GetTimestamp();
        await using RawPair pair = await RawPair.ConnectAsync(kind, options => options.IdleTimeout = limit);
        Task read = pair.Connection.Input.ReadAsync().AsTask();

        // On a machine that is busy a pause may last so long that the connection is broken off meanwhile.
        for (int i = 0; i < 4; i++)
        {
            await Task.Delay(Short);
            long now = Stopwatch.GetTimestamp();
            if (await Record.ExceptionAsync(() => Talk.SendAsync(pair.Connection, "x").Within()) is not null)
                break;
            lastByte = now;
        }

        await TimesOutAsync(() => read, Step.Read);

        Assert.True(Stopwatch.GetElapsedTime(lastByte) >= limit);
    }

    [Fact]
    public async Task IdleTimeout_OfAListener_IsThatOfItsConnections()
    {
        await using Bound bound = await Bound.ToAsync(ChannelKind.Tcp4, options => options.IdleTimeout = Short);
        using Socket client = await RawSocket.ConnectAsync(bound.EndPoint);
        Connection server = await bound.AcceptAsync();

        await TimesOutAsync(() => server.Input.ReadAsync().AsTask(), Step.Read);

        SocketException reset = await Assert.ThrowsAsync<SocketException>(() => client.ReceiveAsync(new byte[1]).Within());
        Assert.Equal(SocketError.ConnectionReset, reset.SocketErrorCode);
    }

    [Theory]
    [MemberData(nameof(Sockets))]
    public async Task WriteTimeout_PeerTakesNothing_BreaksAndCountsWhatWasLost(ChannelKind kind)
    {
        await using RawPair pair = await RawPair.ConnectAsync(kind, options => options.WriteTimeout = Short);

        ConnectionException failure = await TimesOutAsync(
            () => Talk.SendAsync(pair.Connection, new byte[Payload.TooMuch(kind)]), Step.Write);

        Assert.InRange(failure.UndeliveredBytes, 1, Payload.TooMuch(kind));
        await Eventually.CancelledAsync(pair.Connection.Closed);
    }

    [Theory]
    [MemberData(nameof(Sockets))]
    public async Task WriteTimeout_PeerIsSlowButReads_IsNotBroken(ChannelKind kind)
    {
        await using RawPair pair = await RawPair.ConnectAsync(kind, options => options.WriteTimeout = TimeSpan.FromSeconds(10));
        byte[] bytes = Payload.Random(Payload.TooMuch(kind));
        Task write = Talk.SendAndEndAsync(pair.Connection, bytes);
        Assert.False(write.IsCompleted);

        Assert.Equal(bytes, await RawSocket.ReadToEndAsync(pair.Peer));

        await write.Within();
    }

    [Theory]
    [MemberData(nameof(Sockets))]
    public async Task CloseTimeout_PeerTakesNothing_BoundsTheDisposeAndCountsWhatWasLost(ChannelKind kind)
    {
        await using RawPair pair = await RawPair.ConnectAsync(kind, options => options.CloseTimeout = Short);
        pair.Connection.Output.GetSpan(Payload.TooMuch(kind))[..Payload.TooMuch(kind)].Fill(1);
        pair.Connection.Output.Advance(Payload.TooMuch(kind));
        long start = Stopwatch.GetTimestamp();

        ConnectionException failure = await Assert.ThrowsAsync<ConnectionException>(() => pair.Connection.DisposeAsync().Within());

        Assert.True(Stopwatch.GetElapsedTime(start) >= Short);
        Assert.Equal(Reason.TimedOut, failure.Reason);
        Assert.InRange(failure.UndeliveredBytes, 1, Payload.TooMuch(kind));
    }

    /// <summary>What a Unix socket's peer has not read is lost when it is closed: the kernel does not keep it.</summary>
    [Fact]
    public async Task CloseTimeout_UnixPeerReadsNothing_CountsWhatIsInFlight()
    {
        await using RawPair pair = await RawPair.ConnectAsync(ChannelKind.UnixPath, options => options.CloseTimeout = Short);
        await Talk.SendAsync(pair.Connection, new byte[1000]).Within();

        ConnectionException failure = await Assert.ThrowsAsync<ConnectionException>(() => pair.Connection.DisposeAsync().Within());

        Assert.Equal((Step.Close, Reason.TimedOut), (failure.Step, failure.Reason));
        Assert.Equal(1000, failure.UndeliveredBytes);
    }

    [Theory]
    [MemberData(nameof(Sockets))]
    public async Task CloseTimeout_PeerHasAllButStays_EndsQuietly(ChannelKind kind)
    {
        await using RawPair pair = await RawPair.ConnectAsync(kind, options => options.CloseTimeout = Short);
        await Talk.SendAsync(pair.Connection, "all").Within();
        Assert.Equal("all"u8.ToArray(), await RawSocket.ReadExactlyAsync(pair.Peer, 3));
        long start = Stopwatch.GetTimestamp();

        await pair.Connection.DisposeAsync().Within();

        Assert.True(Stopwatch.GetElapsedTime(start) >= Short);
    }

    [Theory]
    [MemberData(nameof(Sockets))]
    public async Task CloseTimeout_PeerNeverStopsTalking_BoundsTheDispose(ChannelKind kind)
    {
        await using RawPair pair = await RawPair.ConnectAsync(kind, options => options.CloseTimeout = Short);
        Task flood = OnItsOwnThread.Run(() => Flood(pair.Peer));

        await pair.Connection.DisposeAsync().Within();

        await flood.Within();
    }

    [Fact]
    public async Task CloseTimeout_MemoryPeerTakesNothing_BoundsTheDispose()
    {
        (Connection first, Connection second) = Connection.CreatePair(new ConnectionOptions { CloseTimeout = Short });
        first.Output.GetSpan(Payload.TooMuch(ChannelKind.Memory))[..Payload.TooMuch(ChannelKind.Memory)].Fill(1);
        first.Output.Advance(Payload.TooMuch(ChannelKind.Memory));

        Task closed = first.DisposeAsync().AsTask();

        await Record.ExceptionAsync(() => closed.Within());
        Assert.True(closed.IsCompleted);
        second.Abort();
    }

    private static void Flood(Socket peer)
    {
        byte[] noise = new byte[64 * 1024];
        try
        {
            while (true)
                peer.Send(noise);
        }
        catch (SocketException)
        {
            // Closed at last.
        }
    }

    private static async Task<ConnectionException> TimesOutAsync(Func<Task> act, Step step)
    {
        ConnectionException failure = await Assert.ThrowsAsync<ConnectionException>(() => act().Within());
        Assert.Equal((step, Reason.TimedOut, "ETIMEDOUT"), (failure.Step, failure.Reason, failure.ErrorName));
        return failure;
    }
}
