using System.Net;

namespace Parley.Tests.Fifos;

/// <summary>Making, looking at and removing what has a name.</summary>
public sealed class NamedObjectTests : IDisposable
{
    private readonly TestFolder _folder = new();

    private FifoEndPoint One => new(_folder["one"]);

    private FifoEndPoint Both => new(_folder["one"], _folder["two"]);

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(UnixFileMode.UserRead | UnixFileMode.UserWrite)]
    [InlineData((UnixFileMode)0x1B6)]
    [InlineData(UnixFileMode.None)]
    public void Create_WithMode_HasExactlyThat(UnixFileMode mode)
    {
        NamedObject.Create(One, new NamedObjectOptions { Mode = mode });

        NamedObjectStatus status = Assert.Single(NamedObject.Inspect(One));
        Assert.Equal((One, "fifo", mode, Native.UserId), (status.EndPoint, status.Type, status.Mode, status.UserId));
        Assert.Null(status.BytesWaiting);
        Assert.Null(status.Capacity);
    }

    [Fact]
    public void Create_Pair_MakesBothAndRemoveRemovesBoth()
    {
        NamedObject.Create(Both);

        Assert.Equal([_folder["one"], _folder["two"]], NamedObject.Inspect(Both).Select(status => ((FifoEndPoint)status.EndPoint).Path));

        NamedObject.Remove(Both);
        Assert.Empty(Directory.GetFileSystemEntries(_folder.Path));
    }

    [Fact]
    public void Create_SomethingIsThere_IsLeftAlone()
    {
        File.WriteAllText(_folder["two"], "kept");

        ConnectionException failure = Assert.Throws<ConnectionException>(() => NamedObject.Create(Both));

        Assert.Equal((Step.Create, Reason.InUse, "EEXIST"), (failure.Step, failure.Reason, failure.ErrorName));
        Assert.Equal([_folder["two"]], Directory.GetFileSystemEntries(_folder.Path));
        Assert.Equal("kept", File.ReadAllText(_folder["two"]));
    }

    [Fact]
    public void Remove_NoFifo_IsRefused()
    {
        NamedObject.Create(One);
        File.WriteAllText(_folder["two"], "kept");

        ConnectionException failure = Assert.Throws<ConnectionException>(() => NamedObject.Remove(Both));

        Assert.Equal(Step.Remove, failure.Step);
        Assert.Contains("is a regular file, not a FIFO", failure.Cause, StringComparison.Ordinal);
        Assert.Equal(2, Directory.GetFileSystemEntries(_folder.Path).Length);
    }

    /// <summary>Somebody puts now this folder, now that one into the path: what stands in the other one under that name is no FIFO, and stays.</summary>
    [Fact]
    public async Task Remove_PathLeadsElsewhereMeanwhile_RemovesNoFile()
    {
        string fifo = Path.Combine(Directory.CreateDirectory(_folder["fifos"]).FullName, "name");
        string file = Path.Combine(Directory.CreateDirectory(_folder["files"]).FullName, "name");
        Directory.CreateSymbolicLink(_folder["now"], "fifos");
        Directory.CreateSymbolicLink(_folder["then"], "files");
        File.WriteAllText(file, "kept");
        using var enough = new CancellationTokenSource();
        Task swaps = OnItsOwnThread.Run(() =>
        {
            while (!enough.IsCancellationRequested)
                Native.Exchange(_folder["now"], _folder["then"]);
            return true;
        });

        for (int i = 0; i < 2000; i++)
        {
            if (!File.Exists(fifo))
                NamedObject.Create(new FifoEndPoint(fifo));
            try
            {
                NamedObject.Remove(new FifoEndPoint(_folder["now/name"]));
            }
            catch (ConnectionException other)
            {
                Assert.Contains("is a regular file, not a FIFO", other.Cause, StringComparison.Ordinal);
            }

            Assert.True(File.Exists(file));
        }

        await enough.CancelAsync();
        await swaps.Within();
    }

    [Fact]
    public void RemoveAndInspect_NotThere_AreNotFound()
    {
        Assert.Equal((Step.Remove, Reason.NotFound), StepAndReason(() => NamedObject.Remove(One)));
        Assert.Equal((Step.Open, Reason.NotFound), StepAndReason(() => NamedObject.Inspect(One)));
        Assert.Equal((Step.Create, Reason.NotFound), StepAndReason(() => NamedObject.Create(new FifoEndPoint(_folder["none/fifo"]))));
    }

    /// <summary>Whoever waits for the other side must not take a look for it.</summary>
    [Fact]
    public async Task Inspect_SomebodyWaitsForTheOtherSide_GoesOnWaiting()
    {
        NamedObject.Create(One);
        Task<FileStream> blocked = Fifo.OpenAsync(_folder["one"], FileAccess.Write);
        Task<Connection> waiting = Connection.ConnectAsync(One, Fifo.Send()).AsTask();

        for (int i = 0; i < 100; i++)
            NamedObject.Inspect(One);

        Assert.False(blocked.IsCompleted);
        Assert.False(waiting.IsCompleted);
        await using Connection reader = await Connection.ConnectAsync(One, Fifo.Receive()).Within();
        await (await blocked.Within()).DisposeAsync();
        (await waiting.Within()).Abort();
    }

    [Fact]
    public void IsNamed_OtherEndPoints_AreNot()
    {
        Assert.True(NamedObject.IsNamed(One));
        Assert.False(NamedObject.IsNamed(new IPEndPoint(IPAddress.Loopback, 1)));
        Assert.Throws<ArgumentException>(() => NamedObject.Create(new IPEndPoint(IPAddress.Loopback, 1)));
        Assert.Throws<ArgumentOutOfRangeException>(() => NamedObject.Create(One, new NamedObjectOptions { Mode = UnixFileMode.SetUser }));
    }

    private static (Step Step, Reason Reason) StepAndReason(Action act)
    {
        ConnectionException failure = Assert.Throws<ConnectionException>(act);
        return (failure.Step, failure.Reason);
    }
}
