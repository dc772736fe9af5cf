using System.Buffers.Binary;
using System.Net.Sockets;
using Parley.Interop.Linux;
using Parley.Transports.Descriptors;
using Parley.Transports.SharedMemory;

namespace Parley.Tests.SharedMemory;

/// <summary>A server that lies. Descriptors of the whole process are counted, so nothing else runs meanwhile.</summary>
[Collection(nameof(Alone))]
public sealed class ClientHandshakeTests
{
    private const int AllSeals = Libc.F_SEAL_SHRINK | Libc.F_SEAL_GROW | Libc.F_SEAL_SEAL;

    public static TheoryData<int, byte[]> WrongFields => new()
    {
        { 0, "parleysm"u8.ToArray() },
        { 8, [2, 0] },
        { 10, [2, 0] },
        { 10, [3, 0] },
        { 12, [2, 0, 0, 0] },
        { 16, [6, 0, 0, 0] },
        { 16, [0, 0, 0, 0x80] },
        { 20, [1] },
        { 24, Number(0) },
        { 24, Number(4096) },
        { 24, Number(65536 + 8192 + 1) },
        { 24, Number(long.MaxValue) },
        { 24, Number(-1) },
        { 32, Number(0) },
        { 32, Number(1) },
        { 32, Number(65536 + 4096) },
        { 32, Number(65536 + 1) },
        { 32, Number(65536 + 8192) },
        { 32, Number(-4096) },
        { 32, Number(long.MaxValue - 4095) },
        { 40, Number(65536) },
        { 40, Number(65536 + 2048) },
        { 40, Number(long.MinValue) },
        { 48, Number(0) },
        { 48, Number(1) },
        { 48, Number(2048) },
        { 48, Number(4097) },
        { 48, Number(8192) },
        { 48, Number(1L << 31) },
        { 48, Number(long.MinValue) },
        { 63, [1] },
    };

    [Theory]
    [MemberData(nameof(WrongFields))]
    public Task Welcome_WithAWrongField_IsCorrupt(int offset, byte[] value)
    {
        byte[] welcome = FakeServer.RightWelcome;
        value.CopyTo(welcome, offset);
        return AssertCorruptAsync(welcome, [FakeServer.RightMemory()]);
    }

    [Fact]
    public async Task Welcome_Right_MakesALink()
    {
        using var server = new FakeServer();
        Task<SharedMemoryLink> connect = Links.ConnectAsync(server.EndPoint, LinkKind.Bytes, new ConnectionOptions()).AsTask();
        using DescriptorHandle memory = FakeServer.RightMemory();
        using Socket client = await server.AnswerAsync(FakeServer.RightWelcome, memory);

        SharedMemoryLink link = await connect.Within();

        byte[] ready = await RawSocket.ReadExactlyAsync(client, SharedLayout.ReadySize);
        Assert.Equal((byte[])[.. "PARLEYOK"u8, 0, 0, 0, 0, 0, 0, 0, 0], ready);
        link.Close();
    }

    [Theory]
    [InlineData(0)]
    [InlineData(2)]
    [InlineData(4)]
    [InlineData(5)]
    [InlineData(200)]
    public Task Descriptors_OtherThanOne_AreCorruptAndClosed(int count)
        => AssertCorruptAsync(FakeServer.RightWelcome, [.. Enumerable.Range(0, count).Select(static _ => FakeServer.RightMemory())]);

    [Theory]
    [InlineData(0)]
    [InlineData(Libc.F_SEAL_SHRINK)]
    [InlineData(Libc.F_SEAL_GROW | Libc.F_SEAL_SEAL)]
    [InlineData(Libc.F_SEAL_SHRINK | Libc.F_SEAL_SEAL)]
    [InlineData(Libc.F_SEAL_SHRINK | Libc.F_SEAL_GROW)]
    public Task Memory_WithoutItsSeals_IsCorrupt(int seals)
        => AssertCorruptAsync(FakeServer.RightWelcome, [FakeServer.Memory(FakeServer.Shape.Size, seals)]);

    [Theory]
    [InlineData(-1)]
    [InlineData(1)]
    [InlineData(-4096)]
    public Task Memory_OfAnotherSize_IsCorrupt(int more)
        => AssertCorruptAsync(FakeServer.RightWelcome, [FakeServer.Memory(FakeServer.Shape.Size + more, AllSeals)]);

    /// <summary>Its pages can be taken away in spite of the seals; none need be free for it to be made.</summary>
    [SkippableFact]
    public async Task Memory_OfHugePages_IsCorrupt()
    {
        using DescriptorHandle? memory = FakeServer.HugeMemory(AllSeals);
        Skip.If(memory is null, "the kernel has no huge pages");

        ConnectionException failure = await AssertCorruptAsync(FakeServer.RightWelcome, [memory]);

        Assert.Contains("huge pages", failure.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("file")]
    [InlineData("folder")]
    [InlineData("device")]
    public async Task SomethingElse_InsteadOfMemory_IsCorrupt(string what)
    {
        using var folder = new TestFolder();
        string path = what switch
        {
            "file" => folder["f"],
            "folder" => folder.Path,
            _ => "/dev/zero",
        };
        if (what == "file")
            await File.WriteAllBytesAsync(path, new byte[FakeServer.Shape.Size]);
        await AssertCorruptAsync(FakeServer.RightWelcome, [Open(path)]);
    }

    [Fact]
    public async Task Welcome_InPieces_WithALateDescriptor_IsCorrupt()
    {
        using var server = new FakeServer();
        using DescriptorHandle memory = FakeServer.RightMemory();
        Task<SharedMemoryLink> connect = Links.ConnectAsync(server.EndPoint, LinkKind.Bytes, new ConnectionOptions()).AsTask();
        using Socket client = await server.AnswerAsync(FakeServer.RightWelcome[..10]);
        using DescriptorHandle queue = Libc.Duplicate((int)client.Handle, Libc.F_DUPFD_CLOEXEC, 0);
        await Eventually.TrueAsync(() => SocketState.QueuedBytes(queue) == 0, "the first piece is read: the kernel hands two out as one");

        PassedDescriptors.Send(client, FakeServer.RightWelcome.AsSpan(10), memory);

        ConnectionException failure = await Assert.ThrowsAsync<ConnectionException>(() => connect.Within());
        Assert.Equal((Step.Handshake, Reason.Corrupt), (failure.Step, failure.Reason));
    }

    [Fact]
    public async Task Server_SaysNothing_TimesOut()
    {
        using var server = new FakeServer();
        var options = new ConnectionOptions { ConnectTimeout = TimeSpan.FromMilliseconds(50) };

        ConnectionException failure = await Assert.ThrowsAsync<ConnectionException>(() => Links.ConnectAsync(server.EndPoint, LinkKind.Bytes, options).Within());

        Assert.Equal((Step.Handshake, Reason.TimedOut), (failure.Step, failure.Reason));
    }

    [Fact]
    public async Task Server_SaysNothing_CancellationEndsIt()
    {
        using var server = new FakeServer();
        using var giveUp = new CancellationTokenSource();
        Task connect = Links.ConnectAsync(server.EndPoint, LinkKind.Bytes, new ConnectionOptions(), giveUp.Token).AsTask();

        await giveUp.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => connect.Within());
    }

    [Theory]
    [InlineData(0)]
    [InlineData(30)]
    public async Task Server_Goes_IsAReset(int said)
    {
        using var server = new FakeServer();
        Task<SharedMemoryLink> connect = Links.ConnectAsync(server.EndPoint, LinkKind.Bytes, new ConnectionOptions()).AsTask();
        (await server.AnswerAsync(FakeServer.RightWelcome[..said])).Dispose();

        ConnectionException failure = await Assert.ThrowsAsync<ConnectionException>(() => connect.Within());

        Assert.Equal((Step.Handshake, Reason.Reset), (failure.Step, failure.Reason));
    }

    [Theory]
    [InlineData(1, Step.Connect, Reason.Refused)]
    [InlineData(2, Step.Connect, Reason.Refused)]
    [InlineData(3, Step.Handshake, Reason.Corrupt)]
    [InlineData(4, Step.Connect, Reason.Full)]
    [InlineData(5, Step.Connect, Reason.Denied)]
    public async Task Server_Refuses_SaysWhy(uint status, Step step, Reason reason)
    {
        using var server = new FakeServer();
        Task<SharedMemoryLink> connect = Links.ConnectAsync(server.EndPoint, LinkKind.Bytes, new ConnectionOptions()).AsTask();
        using Socket client = await server.AnswerAsync(Welcome.Refusal((WelcomeStatus)status).ToBytes());

        ConnectionException failure = await Assert.ThrowsAsync<ConnectionException>(() => connect.Within());

        Assert.Equal((step, reason), (failure.Step, failure.Reason));
    }

    [Theory]
    [InlineData("{}\n")]
    [InlineData("[1]\n")]
    [InlineData("no json\n")]
    [InlineData("{\"pid\":1")]
    [InlineData("{\"pid\":99999999999,\"uid\":0,\"kind\":\"bytes\",\"capacity\":1,\"toServer\":0,\"toClient\":0,\"sleeps\":0,\"wakes\":0,\"seconds\":1}\n")]
    [InlineData("{\"pid\":1,\"uid\":0,\"kind\":\"bytes\",\"capacity\":1,\"toServer\":0,\"toClient\":0,\"sleeps\":0,\"wakes\":0,\"seconds\":1e300}\n")]
    [InlineData("{\"pid\":1,\"uid\":0,\"kind\":null,\"capacity\":1,\"toServer\":0,\"toClient\":0,\"sleeps\":0,\"wakes\":0,\"seconds\":1}\n")]
    public async Task Status_ThatIsNone_IsCorrupt(string text)
    {
        using var server = new FakeServer();
        Task<IReadOnlyList<NamedObjectStatus>> inspect = Task.Run(() => NamedObject.Inspect(server.EndPoint));
        byte[] words = System.Text.Encoding.UTF8.GetBytes(text);
        byte[] welcome = new Welcome(LinkKind.Status, 0, WelcomeStatus.Welcome, new SegmentShape(words.Length, 0, 0, 0)).ToBytes();
        using Socket client = await server.AnswerAsync([.. welcome, .. words]);

        ConnectionException failure = await Assert.ThrowsAsync<ConnectionException>(() => inspect.Within());

        Assert.Equal((Step.Handshake, Reason.Corrupt), (failure.Step, failure.Reason));
    }

    private static async Task<ConnectionException> AssertCorruptAsync(byte[] welcome, DescriptorHandle[] descriptors)
    {
        using var server = new FakeServer();
        ConnectionException failure;
        Task<SharedMemoryLink> connect = Links.ConnectAsync(server.EndPoint, LinkKind.Bytes, new ConnectionOptions()).AsTask();
        using (Socket client = await server.AnswerAsync(welcome, descriptors))
        {
            failure = await Assert.ThrowsAsync<ConnectionException>(() => connect.Within());
            Assert.Equal((Step.Handshake, Reason.Corrupt), (failure.Step, failure.Reason));

            // The client's side of the socket and all it was sent are closed.
            Assert.Empty(await RawSocket.ReadToEndAsync(client));
        }

        foreach (DescriptorHandle descriptor in descriptors)
            descriptor.Dispose();
        Assert.DoesNotContain(
            Directory.GetFiles("/proc/self/fd"),
            static path => new FileInfo(path).LinkTarget?.Contains("parley-test", StringComparison.Ordinal) is true);
        return failure;
    }

    private static byte[] Number(long value)
    {
        byte[] bytes = new byte[sizeof(long)];
        BinaryPrimitives.WriteInt64LittleEndian(bytes, value);
        return bytes;
    }

    private static unsafe DescriptorHandle Open(string path)
    {
        fixed (byte* name = FileStatus.PathBytes(path))
            return Libc.Open(name, Libc.O_RDONLY | Libc.O_CLOEXEC, 0);
    }
}
