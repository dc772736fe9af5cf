namespace Parley.Tests.Options;

public sealed class OptionRangeTests
{
    private static readonly TimeSpan Longest = TimeSpan.FromMilliseconds(int.MaxValue);

    public static TheoryData<string, TimeSpan, bool> Timeouts
    {
        get
        {
            var data = new TheoryData<string, TimeSpan, bool>();
            foreach (string name in new[] { "ConnectTimeout", "IdleTimeout", "WriteTimeout", "CloseTimeout" })
            {
                data.Add(name, Timeout.InfiniteTimeSpan, true);
                data.Add(name, TimeSpan.FromTicks(1), true);
                data.Add(name, Longest, true);
                data.Add(name, TimeSpan.Zero, false);
                data.Add(name, TimeSpan.FromSeconds(-1), false);
                data.Add(name, Longest + TimeSpan.FromMilliseconds(1), false);
                data.Add(name, TimeSpan.MaxValue, false);
            }

            return data;
        }
    }

    [Theory]
    [MemberData(nameof(Timeouts))]
    public void Timeout_OfAnyLength_IsCheckedAndNamed(string name, TimeSpan value, bool isValid)
    {
        var connecting = new ConnectionOptions();
        var listening = new ListenerOptions();
        typeof(ConnectionOptions).GetProperty(name)!.SetValue(connecting, value);
        typeof(ConnectionOptions).GetProperty(name)!.SetValue(listening, value);

        if (isValid)
        {
            connecting.Snapshot();
            listening.Snapshot();
            return;
        }

        Assert.Equal(name, Assert.Throws<ArgumentOutOfRangeException>(() => connecting.Snapshot()).ParamName);
        Assert.Equal(name, Assert.Throws<ArgumentOutOfRangeException>(() => listening.Snapshot()).ParamName);
    }

    [Fact]
    public void ConnectionOptions_Numbers_AreCheckedAndNamed()
    {
        foreach (int size in new[] { int.MinValue, 0, 1, 2048, 4095, 4097, 6144, int.MaxValue })
            IsWrong(nameof(ConnectionOptions.RingSize), () => new ConnectionOptions { RingSize = size }.Snapshot());
        foreach (int size in new[] { 4096, 1 << 20, 1 << 30 })
            new ConnectionOptions { RingSize = size }.Snapshot();
        IsWrong(nameof(ConnectionOptions.RetryCount), () => new ConnectionOptions { RetryCount = -1 }.Snapshot());
        IsWrong(nameof(ConnectionOptions.RetryDelay), () => new ConnectionOptions { RetryDelay = TimeSpan.FromTicks(-1) }.Snapshot());
        new ConnectionOptions { RetryCount = 0, RetryDelay = TimeSpan.Zero }.Snapshot();
        new ConnectionOptions { RetryCount = int.MaxValue, RetryDelay = TimeSpan.MaxValue }.Snapshot();
    }

    [Fact]
    public void ListenerOptions_Numbers_AreCheckedAndNamed()
    {
        IsWrong(nameof(ListenerOptions.Backlog), () => new ListenerOptions { Backlog = 0 }.Snapshot());
        IsWrong(nameof(ListenerOptions.MaxConnections), () => new ListenerOptions { MaxConnections = 0 }.Snapshot());
        IsWrong(nameof(ListenerOptions.DescriptorsPerConnection), () => new ListenerOptions { DescriptorsPerConnection = 0 }.Snapshot());
        IsWrong(nameof(ListenerOptions.UnixSocketMode), () => new ListenerOptions { UnixSocketMode = (UnixFileMode)0x200 }.Snapshot());
        IsWrong(nameof(ListenerOptions.UnixSocketMode), () => new ListenerOptions { UnixSocketMode = UnixFileMode.SetUser }.Snapshot());
        new ListenerOptions { Backlog = 1, MaxConnections = 1, UnixSocketMode = (UnixFileMode)0x1FF }.Snapshot();
        new ListenerOptions { MaxConnections = null, UnixSocketMode = UnixFileMode.None }.Snapshot();
    }

    [Fact]
    public void Defaults_OfBoth_AreWhatTheDocumentationSays()
    {
        var connecting = new ConnectionOptions();
        Assert.Equal(TimeSpan.FromSeconds(30), connecting.ConnectTimeout);
        Assert.Equal(0, connecting.RetryCount);
        Assert.Equal(TimeSpan.FromMilliseconds(100), connecting.RetryDelay);
        Assert.Equal(Timeout.InfiniteTimeSpan, connecting.IdleTimeout);
        Assert.Equal(Timeout.InfiniteTimeSpan, connecting.WriteTimeout);
        Assert.Equal(TimeSpan.FromSeconds(10), connecting.CloseTimeout);
        Assert.False(connecting.RunContinuationsInline);

        var listening = new ListenerOptions();
        Assert.Equal(TimeSpan.FromSeconds(60), listening.WriteTimeout);
        Assert.Equal(512, listening.Backlog);
        Assert.Null(listening.MaxConnections);
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, listening.UnixSocketMode);
    }

    private static void IsWrong(string name, Action use) => Assert.Equal(name, Assert.Throws<ArgumentOutOfRangeException>(use).ParamName);
}
