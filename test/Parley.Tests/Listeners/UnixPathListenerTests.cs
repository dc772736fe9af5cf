using System.Net.Sockets;

namespace Parley.Tests.Listeners;

public sealed class UnixPathListenerTests() : ListenerContract(ChannelKind.UnixPath)
{
    [Fact]
    public async Task BindAsync_StalePath_IsTakenOver()
    {
        using var folder = new TestFolder();
        string path = folder["s"];
        RawSocket.ListenAt(path).Dispose();
        Assert.True(File.Exists(path));

        await using ConnectionListener listener = await ConnectionListener.BindAsync(new UnixDomainSocketEndPoint(path)).Within();

        await ServesAsync(listener);
    }

    /// <summary>What a killed listener leaves behind: its path, and a lock file that the kernel has unlocked.</summary>
    [Fact]
    public async Task BindAsync_StalePathAndLock_AreTakenOver()
    {
        using var folder = new TestFolder();
        string path = folder["s"];
        RawSocket.ListenAt(path).Dispose();
        await File.WriteAllTextAsync(path + ".lock", "");

        await using ConnectionListener listener = await ConnectionListener.BindAsync(new UnixDomainSocketEndPoint(path)).Within();

        await ServesAsync(listener);
    }

    [Fact]
    public async Task BindAsync_LiveListenerOfAnotherProgram_IsNotStolen()
    {
        using var folder = new TestFolder();
        var endPoint = new UnixDomainSocketEndPoint(folder["s"]);
        using Socket live = RawSocket.ListenAt(folder["s"]);

        await IsInUseAsync(endPoint);

        Assert.False(live.Poll(TimeSpan.Zero, SelectMode.SelectRead), "it saw a client that was none");
        Task<Socket> accept = live.AcceptAsync();
        using Socket client = await RawSocket.ConnectAsync(endPoint);
        using Socket served = await accept.Within();
    }

    [Fact]
    public async Task BindAsync_LiveListenerWithAFullBacklog_IsNotStolen()
    {
        using var full = new FullBacklog(ChannelKind.UnixPath);

        await IsInUseAsync(full.EndPoint);

        Assert.True(File.Exists(full.EndPoint.ToString()));
    }

    [Fact]
    public async Task BindAsync_LiveListenerWhoseLockWasRemoved_IsNotStolen()
    {
        await using Bound bound = await BindAsync();
        File.Delete(bound.EndPoint + ".lock");

        await IsInUseAsync(bound.EndPoint);

        await ServesAsync(bound.Listener);
    }

    [Fact]
    public async Task BindAsync_SocketThatIsAboutToListen_IsNotStolen()
    {
        using var folder = new TestFolder();
        var endPoint = new UnixDomainSocketEndPoint(folder["s"]);
        using var bound = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        bound.Bind(endPoint);

        await IsInUseAsync(endPoint);

        Assert.True(File.Exists(folder["s"]));
    }

    [Fact]
    public async Task BindAsync_DatagramSocketAtThePath_IsNotStolen()
    {
        using var folder = new TestFolder();
        var endPoint = new UnixDomainSocketEndPoint(folder["s"]);
        using var live = new Socket(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified);
        live.Bind(endPoint);

        await IsInUseAsync(endPoint);

        Assert.True(File.Exists(folder["s"]));
    }

    [Fact]
    public async Task BindAsync_RegularFileAtThePath_IsNotRemoved()
    {
        using var folder = new TestFolder();
        await File.WriteAllTextAsync(folder["s"], "precious");

        await IsInUseAsync(new UnixDomainSocketEndPoint(folder["s"]));

        Assert.Equal("precious", await File.ReadAllTextAsync(folder["s"]));
        Assert.Equal([folder["s"]], Directory.GetFileSystemEntries(folder.Path));
    }

    [Fact]
    public async Task BindAsync_DirectoryAtThePath_IsNotRemoved()
    {
        using var folder = new TestFolder();
        Directory.CreateDirectory(folder["s"]);

        await IsInUseAsync(new UnixDomainSocketEndPoint(folder["s"]));

        Assert.Equal([folder["s"]], Directory.GetFileSystemEntries(folder.Path));
    }

    [Fact]
    public async Task BindAsync_SymbolicLinkAtThePath_IsNeitherFollowedNorRemoved()
    {
        using var folder = new TestFolder();
        RawSocket.ListenAt(folder["stale"]).Dispose();
        File.CreateSymbolicLink(folder["s"], folder["stale"]);

        await IsInUseAsync(new UnixDomainSocketEndPoint(folder["s"]));

        Assert.Equal(folder["stale"], new FileInfo(folder["s"]).LinkTarget);
        Assert.True(File.Exists(folder["stale"]));
    }

    [Fact]
    public async Task BindAsync_NoSuchFolder_IsNotFound()
    {
        using var folder = new TestFolder();

        ConnectionException failure = await Assert.ThrowsAsync<ConnectionException>(
            () => ConnectionListener.BindAsync(new UnixDomainSocketEndPoint(folder["none/s"])).Within());

        Assert.Equal((Step.Bind, Reason.NotFound, "ENOENT"), (failure.Step, failure.Reason, failure.ErrorName));
    }

    [Fact]
    public async Task DisposeAsync_PathAndLock_AreRemoved()
    {
        using var folder = new TestFolder();
        ConnectionListener listener = await ConnectionListener.BindAsync(new UnixDomainSocketEndPoint(folder["s"])).Within();
        Assert.Equal(new[] { folder["s"], folder["s.lock"] }, Directory.GetFileSystemEntries(folder.Path).Order(StringComparer.Ordinal));

        await listener.DisposeAsync().Within();

        Assert.Empty(Directory.GetFileSystemEntries(folder.Path));
    }

    [Fact]
    public async Task DisposeAsync_PathNowSomebodyElses_IsLeftAlone()
    {
        using var folder = new TestFolder();
        ConnectionListener listener = await ConnectionListener.BindAsync(new UnixDomainSocketEndPoint(folder["s"])).Within();
        File.Delete(folder["s"]);
        using Socket other = RawSocket.ListenAt(folder["s"]);

        await listener.DisposeAsync().Within();

        using Socket client = await RawSocket.ConnectAsync(new UnixDomainSocketEndPoint(folder["s"]));
    }

    [Theory]
    [InlineData(null, "600")]
    [InlineData("600", "600")]
    [InlineData("660", "660")]
    [InlineData("666", "666")]
    [InlineData("777", "777")]
    public async Task UnixSocketMode_AsAsked_IsThatOfTheFile(string? mode, string expected)
    {
        await using Bound bound = await BindAsync(options =>
        {
            if (mode is not null)
                options.UnixSocketMode = (UnixFileMode)Convert.ToInt32(mode, 8);
        });

        Assert.Equal(expected, Convert.ToString((int)File.GetUnixFileMode(bound.EndPoint.ToString()!), 8));
    }

    [Fact]
    public async Task BindAsync_PathOf107Bytes_Works()
    {
        using var folder = new TestFolder();
        var endPoint = new UnixDomainSocketEndPoint(folder.OfLength(107));

        await using ConnectionListener listener = await ConnectionListener.BindAsync(endPoint).Within();

        Assert.Equal(endPoint, listener.LocalEndPoint);
        await ServesAsync(listener);
    }

    [Fact]
    public async Task BindAsync_ManyAtOnce_OneGetsThePath()
    {
        using var folder = new TestFolder();
        RawSocket.ListenAt(folder["s"]).Dispose();
        Task<ConnectionListener?>[] tries = [.. Enumerable.Range(0, 16).Select(_ => Task.Run(() => TryBindAsync(folder["s"])))];

        ConnectionListener?[] bound = await Task.WhenAll(tries).Within();

        ConnectionListener listener = Assert.Single(bound, one => one is not null)!;
        await ServesAsync(listener);
        await listener.DisposeAsync().Within();
        Assert.Empty(Directory.GetFileSystemEntries(folder.Path));
    }

    private static async Task<ConnectionListener?> TryBindAsync(string path)
    {
        try
        {
            return await ConnectionListener.BindAsync(new UnixDomainSocketEndPoint(path));
        }
        catch (ConnectionException failure) when (failure.Reason == Reason.InUse)
        {
            return null;
        }
    }

    private static async Task IsInUseAsync(System.Net.EndPoint endPoint)
    {
        ConnectionException failure = await Assert.ThrowsAsync<ConnectionException>(() => ConnectionListener.BindAsync(endPoint).Within());
        Assert.Equal((Step.Bind, Reason.InUse, "EADDRINUSE"), (failure.Step, failure.Reason, failure.ErrorName));
    }

    /// <summary>A foreign client is served.</summary>
    private static async Task ServesAsync(ConnectionListener listener)
    {
        using Socket client = await RawSocket.ConnectAsync(listener.LocalEndPoint);
        Connection? server = await listener.AcceptAsync().Within();
        Assert.NotNull(server);
        await Talk.SendAsync(server, "served").Within();
        server.Output.Complete();
        Assert.Equal("served"u8.ToArray(), await RawSocket.ReadToEndAsync(client));
        server.Abort();
    }
}
