using System.Net.Sockets;
using Parley.Transports.SharedMemory;

namespace Parley.Tests.SharedMemory;

public sealed class NameTests
{
    [Theory]
    [InlineData("shm:orders")]
    [InlineData("shm:a.b-c")]
    [InlineData("shm:/tmp/x.sock")]
    [InlineData("shm:größe")]
    public void Parse_Name_IsWrittenAsItIsRead(string text)
    {
        var endPoint = Assert.IsType<SharedMemoryEndPoint>(ParleyEndPoint.Parse(text));

        Assert.Equal(text["shm:".Length..], endPoint.Name);
        Assert.Equal(text, ParleyEndPoint.Format(endPoint));
        Assert.Equal(new SharedMemoryEndPoint(endPoint.Name), endPoint);
        Assert.Equal(new SharedMemoryEndPoint(endPoint.Name).GetHashCode(), endPoint.GetHashCode());
        Assert.NotEqual(new SharedMemoryEndPoint("another"), endPoint);
    }

    [Theory]
    [InlineData("shm:")]
    [InlineData("shm:a/b")]
    [InlineData("shm:./a")]
    [InlineData("shm:.hidden")]
    [InlineData("shm:..")]
    [InlineData("shm:/")]
    [InlineData("shm:/tmp/")]
    [InlineData("shm:a\0b")]
    [InlineData("shm:123456789012345678901234567890123456789012345678901234567890123456789012345678901")]
    [InlineData("shn:orders")]
    public void Parse_NoName_IsRefused(string text) => Assert.Throws<EndPointFormatException>(() => ParleyEndPoint.Parse(text));

    [Theory]
    [InlineData("shm://orders", "shm:orders")]
    [InlineData("shm://tmp/orders", "shm:/tmp/orders")]
    [InlineData("shm:///tmp/orders", "shm:/tmp/orders")]
    [InlineData("shm://", null)]
    [InlineData("shm://.hidden", null)]
    public void Parse_TwoSlashes_AreNoPath(string text, string? meant)
    {
        EndPointFormatException failure = Assert.Throws<EndPointFormatException>(() => ParleyEndPoint.Parse(text));

        Assert.Equal("no slash stands before a name, and one before a path", failure.Problem);
        Assert.Equal(meant, failure.Suggestion);
        Assert.Throws<ArgumentException>(() => new SharedMemoryEndPoint(text["shm:".Length..]));
    }

    [Fact]
    public async Task Bind_Name_IsInThePrivateDirectoryAndListed()
    {
        var endPoint = new SharedMemoryEndPoint($"parley-test-{Guid.NewGuid():N}");
        string path = Path.Combine(PrivateDirectory.Path, endPoint.Name + ".sock");
        LinkListener listener = Bind(endPoint);
        await using (listener)
        {
            Assert.Equal(endPoint, listener.LocalEndPoint);
            Assert.Equal("700", Convert.ToString((int)File.GetUnixFileMode(PrivateDirectory.Path), 8));
            Assert.Equal("600", Convert.ToString((int)File.GetUnixFileMode(path), 8));
            NamedObjectStatus listed = Assert.Single(NamedObject.List().Objects, found => found.EndPoint.Equals(endPoint));
            Assert.Equal(("memory", true, null, Native.UserId), (listed.Type, listed.IsServed, listed.Connections, listed.UserId));

            SharedMemoryLink client = await Links.ConnectAsync(endPoint, LinkKind.Bytes, new ConnectionOptions()).Within();
            client.Close();
        }

        Assert.False(File.Exists(path));
        Assert.DoesNotContain(NamedObject.List().Objects, found => found.EndPoint.Equals(endPoint));
    }

    [Fact]
    public async Task Bind_NameIsTaken_SaysSoAndDisturbsNobody()
    {
        await using var links = new Links();

        ConnectionException failure = Assert.Throws<ConnectionException>(() => Bind(links.EndPoint));

        Assert.Equal((Step.Bind, Reason.InUse, "EADDRINUSE"), (failure.Step, failure.Reason, failure.ErrorName));
        Assert.Equal(links.EndPoint, failure.EndPoint);
        SharedMemoryLink client = await links.ConnectAsync();
        (await links.AcceptAsync()).Close();
        client.Close();
    }

    [Fact]
    public async Task StaleName_IsShownRemovedAndTakenOver()
    {
        using var folder = new TestFolder();
        var endPoint = new SharedMemoryEndPoint(folder["s"]);
        RawSocket.ListenAt(folder["s"]).Dispose();
        await File.WriteAllTextAsync(folder["s"] + ".lock", "");

        NamedObjectStatus status = Assert.Single(NamedObject.Inspect(endPoint));
        Assert.Equal((false, null), (status.IsServed, status.Connections));
        ConnectionException failure = await Assert.ThrowsAsync<ConnectionException>(() => Links.ConnectAsync(endPoint, LinkKind.Bytes, new ConnectionOptions()).Within());
        Assert.Equal((Step.Connect, Reason.Refused), (failure.Step, failure.Reason));

        NamedObject.Remove(endPoint);
        Assert.Empty(Directory.GetFiles(folder.Path));

        RawSocket.ListenAt(folder["s"]).Dispose();
        await using LinkListener listener = Bind(endPoint);
        (await Links.ConnectAsync(endPoint, LinkKind.Bytes, new ConnectionOptions()).Within()).Close();
    }

    [Fact]
    public async Task Remove_LiveName_IsRefused()
    {
        await using var links = new Links();

        ConnectionException failure = Assert.Throws<ConnectionException>(() => NamedObject.Remove(links.EndPoint));

        Assert.Equal((Step.Remove, Reason.InUse), (failure.Step, failure.Reason));
        SharedMemoryLink client = await links.ConnectAsync();
        client.Close();
    }

    [Fact]
    public void NoSuchName_IsNotFound()
    {
        var endPoint = new SharedMemoryEndPoint($"parley-test-{Guid.NewGuid():N}");

        Assert.Equal((Step.Open, Reason.NotFound), Failure(() => NamedObject.Inspect(endPoint)));
        Assert.Equal((Step.Remove, Reason.NotFound), Failure(() => NamedObject.Remove(endPoint)));
        Assert.Equal((Step.Create, Reason.Other), Failure(() => NamedObject.Create(endPoint)));
    }

    [Fact]
    public async Task Inspect_SomethingElse_IsNoSocketAndStays()
    {
        using var folder = new TestFolder();
        await File.WriteAllTextAsync(folder["precious"], "precious");
        var endPoint = new SharedMemoryEndPoint(folder["precious"]);

        Assert.Equal((Step.Open, Reason.Other), Failure(() => NamedObject.Inspect(endPoint)));
        Assert.Equal((Step.Remove, Reason.Other), Failure(() => NamedObject.Remove(endPoint)));
        Assert.Equal("precious", await File.ReadAllTextAsync(folder["precious"]));
    }

    [Theory]
    [InlineData("open", "lets others in")]
    [InlineData("link", "is a symbolic link")]
    [InlineData("file", "is no directory")]
    public void PrivateDirectory_ThatIsNot_IsDeniedByName(string what, string problem)
    {
        using var folder = new TestFolder();
        string path = folder["parley"];
        if (what == "open")
            Directory.CreateDirectory(path, (UnixFileMode)0b111_101_000);
        else if (what == "link")
            Directory.CreateSymbolicLink(path, Directory.CreateDirectory(folder["real"], (UnixFileMode)0b111_000_000).FullName);
        else
            File.WriteAllText(path, "");

        AssertDenied(path, problem);
    }

    [SkippableFact]
    public async Task PrivateDirectory_OfAnotherUser_IsDeniedByName()
    {
        using var folder = new TestFolder();
        File.SetUnixFileMode(folder.Path, (UnixFileMode)0b111_111_111);
        await OtherUser.RunAsync(() => Directory.CreateDirectory(folder["parley"], (UnixFileMode)0b111_000_000));

        AssertDenied(folder["parley"], "belongs to another user");
    }

    [Fact]
    public void PrivateDirectory_Missing_IsMadeForThisUserAlone()
    {
        using var folder = new TestFolder();

        Assert.Equal((Step.Connect, Reason.NotFound), Failure(() => PrivateDirectory.Open(folder["parley"], makes: false, Step.Connect, new SharedMemoryEndPoint("x"))));
        PrivateDirectory.Open(folder["parley"], makes: true, Step.Bind, new SharedMemoryEndPoint("x"));

        Assert.Equal("700", Convert.ToString((int)File.GetUnixFileMode(folder["parley"]), 8));
    }

    [SkippableFact]
    public void PrivateDirectory_OfRootWithoutASession_IsWhereServicesHaveTheirs()
    {
        Skip.If(Native.UserId != 0 || Environment.GetEnvironmentVariable("XDG_RUNTIME_DIR") is not null || Directory.Exists("/run/user/0"), "for root without a session");

        Assert.Equal("/run/parley-0", PrivateDirectory.Path);
    }

    [SkippableFact]
    public async Task PrivateDirectory_OfAUserWithoutASession_IsTemporary()
        => Assert.Equal($"/tmp/parley-{OtherUser.Nobody}", await OtherUser.RunAsync(() => PrivateDirectory.Path));

    [SkippableFact]
    public async Task OtherUsers_AreTurnedAway()
    {
        using var folder = new TestFolder();
        File.SetUnixFileMode(folder.Path, (UnixFileMode)0b111_111_111);
        var endPoint = new SharedMemoryEndPoint(folder["s"]);
        await using LinkListener listener = Bind(endPoint);
        File.SetUnixFileMode(folder["s"], (UnixFileMode)0b110_110_110);

        using Socket client = await OtherUser.RunAsync(() =>
        {
            var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
            socket.Connect(new UnixDomainSocketEndPoint(folder["s"]));
            return socket;
        });

        Assert.Equal(Welcome.Refusal(WelcomeStatus.NotAllowed).ToBytes(), await RawSocket.ReadToEndAsync(client));
    }

    [SkippableFact]
    public async Task OtherUsers_Allowed_AreWelcome()
    {
        using var folder = new TestFolder();
        File.SetUnixFileMode(folder.Path, (UnixFileMode)0b111_111_111);
        var endPoint = new SharedMemoryEndPoint(folder["s"]);
        await using LinkListener listener = Bind(endPoint, new ListenerOptions { AllowOtherUsers = true, UnixSocketMode = (UnixFileMode)0b110_110_110 });

        using Socket client = await OtherUser.RunAsync(() =>
        {
            var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
            socket.Connect(new UnixDomainSocketEndPoint(folder["s"]));
            return socket;
        });

        await client.SendAsync(new Hello(LinkKind.Bytes, 0, 0).ToBytes()).Within();
        Welcome welcome = Welcome.Read(await RawSocket.ReadExactlyAsync(client, SharedLayout.WelcomeSize), LinkKind.Bytes);
        Assert.Equal(WelcomeStatus.Welcome, welcome.Status);
    }

    [SkippableFact]
    public async Task ServerOfAnotherUser_Allowed_IsTalkedTo()
    {
        using var folder = new TestFolder();
        File.SetUnixFileMode(folder.Path, (UnixFileMode)0b111_111_111);
        using Socket server = await OtherUser.RunAsync(() => RawSocket.Listen(new UnixDomainSocketEndPoint(folder["s"])));

        Task<SharedMemoryLink> connect = Links.ConnectAsync(
            new SharedMemoryEndPoint(folder["s"]), LinkKind.Bytes, new ConnectionOptions { AllowOtherUsers = true }).AsTask();
        using (Socket client = await server.AcceptAsync().Within())
            Assert.Equal(SharedLayout.HelloSize, (await RawSocket.ReadExactlyAsync(client, SharedLayout.HelloSize)).Length);

        ConnectionException failure = await Assert.ThrowsAsync<ConnectionException>(() => connect.Within());
        Assert.Equal(Step.Handshake, failure.Step);
    }

    [SkippableFact]
    public async Task ServerOfAnotherUser_IsDenied()
    {
        using var folder = new TestFolder();
        File.SetUnixFileMode(folder.Path, (UnixFileMode)0b111_111_111);
        using Socket server = await OtherUser.RunAsync(() => RawSocket.Listen(new UnixDomainSocketEndPoint(folder["s"])));

        ConnectionException failure = await Assert.ThrowsAsync<ConnectionException>(
            () => Links.ConnectAsync(new SharedMemoryEndPoint(folder["s"]), LinkKind.Bytes, new ConnectionOptions()).Within());

        Assert.Equal((Step.Connect, Reason.Denied), (failure.Step, failure.Reason));
    }

    private static LinkListener Bind(SharedMemoryEndPoint endPoint, ListenerOptions? options = null)
        => SharedMemoryTransport.BindLinks(endPoint, LinkKind.Bytes, options ?? new ListenerOptions(), Parley.Transports.Sockets.SocketTransport.BindOwnUser);

    private static void AssertDenied(string path, string problem)
    {
        var asked = new SharedMemoryEndPoint("x");
        foreach (bool makes in new[] { true, false })
        {
            ConnectionException failure = Assert.Throws<ConnectionException>(() => PrivateDirectory.Open(path, makes, Step.Bind, asked));
            Assert.Equal((Step.Bind, Reason.Denied, asked), (failure.Step, failure.Reason, failure.EndPoint));
            Assert.Contains(path, failure.Message, StringComparison.Ordinal);
            Assert.Contains(problem, failure.Message, StringComparison.Ordinal);
        }
    }

    private static (Step Step, Reason Reason) Failure(Action action)
    {
        ConnectionException failure = Assert.Throws<ConnectionException>(action);
        return (failure.Step, failure.Reason);
    }
}
