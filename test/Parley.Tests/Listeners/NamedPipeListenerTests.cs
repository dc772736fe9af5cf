using System.IO.Pipes;
using System.Net.Sockets;

namespace Parley.Tests.Listeners;

public sealed class NamedPipeListenerTests() : ListenerContract(ChannelKind.NamedPipe)
{
    [Fact]
    public async Task BindAsync_Name_IsTheSocketThatDotNetHasForIt()
    {
        await using Bound bound = await BindAsync();
        string path = PathOf(bound.EndPoint);

        Assert.Equal("600", Convert.ToString((int)File.GetUnixFileMode(path), 8));
        Assert.Equal($"pipe:{((NamedPipeEndPoint)bound.EndPoint).Name}", ParleyEndPoint.Format(bound.Listener.LocalEndPoint));
        await bound.Listener.DisposeAsync().Within();
        Assert.False(File.Exists(path));
        Assert.False(File.Exists(path + ".lock"));
    }

    [Fact]
    public async Task BindAsync_WiderModeAsked_StaysThisUsersOwn()
    {
        await using Bound bound = await BindAsync(options => options.UnixSocketMode = (UnixFileMode)0b110_110_110);

        Assert.Equal("600", Convert.ToString((int)File.GetUnixFileMode(PathOf(bound.EndPoint)), 8));
    }

    [Fact]
    public async Task BindAsync_AbsolutePath_IsThePathItself()
    {
        using var folder = new TestFolder();
        var endPoint = new NamedPipeEndPoint(folder["p"]);

        await using ConnectionListener listener = await ConnectionListener.BindAsync(endPoint).Within();

        Assert.Equal(endPoint, listener.LocalEndPoint);
        Assert.True(File.Exists(folder["p"]));
        await using var client = new NamedPipeClientStream(folder["p"]);
        await client.ConnectAsync().Within();
    }

    [Fact]
    public async Task BindAsync_LiveServerOfAnotherProgram_IsNotStolenAndSeesNoClient()
    {
        using var place = new Place(ChannelKind.NamedPipe);
        string name = ((NamedPipeEndPoint)place.EndPoint).Name;
        await using var server = new NamedPipeServerStream(name, PipeDirection.InOut, 1, PipeTransmissionMode.Byte, PipeOptions.Asynchronous);
        Task accepted = server.WaitForConnectionAsync();

        ConnectionException failure = await Assert.ThrowsAsync<ConnectionException>(() => ConnectionListener.BindAsync(place.EndPoint).Within());

        Assert.Equal((Step.Bind, Reason.InUse, "EADDRINUSE"), (failure.Step, failure.Reason, failure.ErrorName));
        Assert.False(accepted.IsCompleted);
        await using Connection client = await Connection.ConnectAsync(place.EndPoint).Within();
        await accepted.Within();
        client.Abort();
    }

    [Fact]
    public async Task BindAsync_StaleSocketAndLock_AreTakenOver()
    {
        using var folder = new TestFolder();
        RawSocket.ListenAt(folder["p"]).Dispose();
        await File.WriteAllTextAsync(folder["p"] + ".lock", "");

        await using ConnectionListener listener = await ConnectionListener.BindAsync(new NamedPipeEndPoint(folder["p"])).Within();

        using Socket client = await RawSocket.ConnectAsync(new UnixDomainSocketEndPoint(folder["p"]));
        Assert.NotNull(await listener.AcceptAsync().Within());
    }

    [Theory]
    [InlineData("file")]
    [InlineData("link")]
    [InlineData("folder")]
    public async Task BindAsync_SomethingElseHasTheName_IsLeftAlone(string what)
    {
        using var folder = new TestFolder();
        string path = folder["p"];
        await File.WriteAllTextAsync(folder["precious"], "precious");
        if (what is "file")
            File.Copy(folder["precious"], path);
        else if (what is "link")
            File.CreateSymbolicLink(path, folder["precious"]);
        else
            Directory.CreateDirectory(path);

        ConnectionException failure = await Assert.ThrowsAsync<ConnectionException>(
            () => ConnectionListener.BindAsync(new NamedPipeEndPoint(path)).Within());

        Assert.Equal((Step.Bind, Reason.InUse), (failure.Step, failure.Reason));
        Assert.Equal("precious", await File.ReadAllTextAsync(folder["precious"]));
        Assert.True(Path.Exists(path));
        Assert.False(Path.Exists(path + ".lock"));
    }

    [Theory]
    [InlineData("link")]
    [InlineData("folder")]
    public async Task BindAsync_SomethingElseIsTheLockFile_IsNamedAndNotFollowed(string what)
    {
        using var folder = new TestFolder();
        string path = folder["p"];
        if (what is "link")
            File.CreateSymbolicLink(path + ".lock", folder["made"]);
        else
            Directory.CreateDirectory(path + ".lock");

        ConnectionException failure = await Assert.ThrowsAsync<ConnectionException>(
            () => ConnectionListener.BindAsync(new NamedPipeEndPoint(path)).Within());

        Assert.Equal((Step.Bind, Reason.Denied), (failure.Step, failure.Reason));
        Assert.Contains(path + ".lock", failure.Message, StringComparison.Ordinal);
        Assert.False(File.Exists(folder["made"]));
        Assert.False(Path.Exists(path));
    }

    [Fact]
    public async Task BindAsync_NameTooLong_SaysWhichPath()
    {
        var endPoint = new NamedPipeEndPoint(new string('x', 100));

        ConnectionException failure = await Assert.ThrowsAsync<ConnectionException>(() => ConnectionListener.BindAsync(endPoint).Within());

        Assert.Equal((Step.Bind, Reason.TooLarge), (failure.Step, failure.Reason));
        Assert.Contains("CoreFxPipe_", failure.Message, StringComparison.Ordinal);
        failure = await Assert.ThrowsAsync<ConnectionException>(() => Connection.ConnectAsync(endPoint).Within());
        Assert.Equal((Step.Connect, Reason.TooLarge), (failure.Step, failure.Reason));
    }

    internal static string PathOf(System.Net.EndPoint endPoint) => Path.Combine(Path.GetTempPath(), "CoreFxPipe_" + ((NamedPipeEndPoint)endPoint).Name);
}
