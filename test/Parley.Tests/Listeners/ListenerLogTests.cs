using System.Diagnostics;
using Microsoft.Extensions.Logging;

namespace Parley.Tests.Listeners;

/// <summary>What a server's operator gets to see.</summary>
public sealed class ListenerLogTests
{
    [Fact]
    public async Task AcceptAsync_MaxConnectionsOpen_IsLoggedOnceASecond()
    {
        long start = Stopwatch.GetTimestamp();
        using var log = new RecordingLog();
        await using Bound bound = await Bound.ToAsync(ChannelKind.Tcp4, options =>
        {
            options.MaxConnections = 1;
            options.LoggerFactory = log;
        });
        await bound.ConnectAsync();
        Connection first = await bound.AcceptAsync();
        for (int i = 0; i < 5; i++)
        {
            await bound.ConnectAsync();
            Task<Connection> next = bound.AcceptAsync();
            Assert.False(next.IsCompleted);
            first.Abort();
            first = await next.Within();
        }

        Assert.InRange(log.Entries.Count, 1, 1 + (int)Stopwatch.GetElapsedTime(start).TotalSeconds);
        (string category, LogLevel level, EventId id, string text) = log.Entries[0];
        Assert.Equal(("Parley.Listener", LogLevel.Warning, 1), (category, level, id.Id));
        Assert.Equal($"Accepting on tcp://{bound.EndPoint} pauses: 1 connections are open, new clients wait.", text);
    }

    [Fact]
    public async Task AcceptAsync_OrdinaryDay_LogsNothing()
    {
        using var log = new RecordingLog();
        await using Bound bound = await Bound.ToAsync(ChannelKind.UnixPath, options => options.LoggerFactory = log);
        for (int i = 0; i < 5; i++)
        {
            Connection client = await bound.ConnectAsync();
            Connection server = await bound.AcceptAsync();
            await Task.WhenAll(client.DisposeAsync().AsTask(), server.DisposeAsync().AsTask()).Within();
        }

        await bound.Listener.StopAsync().Within();
        Assert.Null(await bound.Listener.AcceptAsync().Within());

        Assert.Empty(log.Entries);
    }
}
