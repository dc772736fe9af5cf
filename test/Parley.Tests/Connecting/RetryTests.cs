using System.Net.Sockets;
using Microsoft.Extensions.Logging;

namespace Parley.Tests.Connecting;

public sealed class RetryTests
{
    [Fact]
    public async Task ConnectAsync_ServerAppearsLater_Connects()
    {
        using var folder = new TestFolder();
        var endPoint = new UnixDomainSocketEndPoint(folder["s"]);
        var observer = new RecordingObserver();
        var options = new ConnectionOptions { RetryCount = 1000, RetryDelay = TimeSpan.FromMilliseconds(1), CallObserver = observer };
        Task<Connection> connect = Connection.ConnectAsync(endPoint, options).AsTask();
        await observer.Failed.Within();

        await using ConnectionListener listener = await ConnectionListener.BindAsync(endPoint).Within();

        Connection client = await connect.Within();
        Connection? server = await listener.AcceptAsync().Within();
        client.Abort();
        server!.Abort();
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(3)]
    public async Task ConnectAsync_NobodyComes_TriesAsOftenAsAsked(int retries)
    {
        using var folder = new TestFolder();
        var observer = new RecordingObserver();
        var options = new ConnectionOptions { RetryCount = retries, RetryDelay = TimeSpan.Zero, CallObserver = observer };

        await Assert.ThrowsAsync<ConnectionException>(
            () => Connection.ConnectAsync(new UnixDomainSocketEndPoint(folder["s"]), options).Within());

        Assert.Equal(retries + 1, observer.Names.Count(name => name == "connect"));
    }

    [Fact]
    public async Task ConnectAsync_NobodyComes_LogsEveryTryButTheLast()
    {
        using var folder = new TestFolder();
        using var log = new RecordingLog();
        var options = new ConnectionOptions { RetryCount = 2, RetryDelay = TimeSpan.Zero, LoggerFactory = log };

        ConnectionException last = await Assert.ThrowsAsync<ConnectionException>(
            () => Connection.ConnectAsync(new UnixDomainSocketEndPoint(folder["s"]), options).Within());

        Assert.All(log.Entries, entry => Assert.Equal(("Parley.Connection", LogLevel.Information, 100), (entry.Category, entry.Level, entry.Id.Id)));
        Assert.Equal(
            [$"Try 1 of 3: {last.Message}; the next one is in 0 ms.", $"Try 2 of 3: {last.Message}; the next one is in 0 ms."],
            log.Entries.Select(entry => entry.Text));
    }

    [Theory]
    [InlineData(Step.Connect, Reason.Refused, true)]
    [InlineData(Step.Connect, Reason.NotFound, true)]
    [InlineData(Step.Connect, Reason.TimedOut, true)]
    [InlineData(Step.Resolve, Reason.NotFound, true)]
    [InlineData(Step.Connect, Reason.Denied, false)]
    [InlineData(Step.Connect, Reason.TooLarge, false)]
    [InlineData(Step.Socket, Reason.Limit, false)]
    public void IsWorthwhile_OnlyWherePeerMayNotBeThereYet(Step step, Reason reason, bool expected)
        => Assert.Equal(expected, ConnectRetry.IsWorthwhile(new ConnectionException(step, reason, null, "some cause")));

    [Fact]
    public void Pause_WithEveryFailure_DoublesUpToFiveSeconds()
    {
        for (int failures = 0; failures < 100; failures++)
        {
            double whole = Math.Min(5000, 100 * Math.Pow(2, failures));
            for (int i = 0; i < 20; i++)
                Assert.InRange(ConnectRetry.Pause(TimeSpan.FromMilliseconds(100), failures).TotalMilliseconds, whole / 2, whole);
        }
    }
}
