using System.Buffers.Binary;
using System.Net.Sockets;
using Parley.Interop.Linux;

namespace Parley.Tests.SharedMemory;

/// <summary>Servers that lie, at a client that must find out before it maps what it is given.</summary>
public sealed class HostileServerTests : IDisposable
{
    private const ushort Bytes = 1;

    private readonly TestFolder _folder = new();
    private readonly Socket _listener;

    public HostileServerTests()
    {
        _listener = RawSocket.Listen(new UnixDomainSocketEndPoint(_folder["s"]));
        _listener.ReceiveTimeout = 30_000;
    }

    public static TheoryData<int, ulong, int> WrongWelcomes => new()
    {
        { 0, 0, 8 },
        { 8, 0, 2 },
        { 8, 2, 2 },
        { 10, 0, 2 },
        { 10, 2, 2 },
        { 16, 6, 4 },
        { 16, uint.MaxValue, 4 },
        { 20, 1, 4 },
        { 24, 0, 8 },
        { 24, RawPeer.SegmentSize - 1, 8 },
        { 24, RawPeer.SegmentSize + 4096, 8 },
        { 24, 1UL << 63, 8 },
        { 32, 0, 8 },
        { 32, 2048, 8 },
        { 32, 65537, 8 },
        { 32, RawPeer.SegmentSize, 8 },
        { 32, ulong.MaxValue - 4095, 8 },
        { 40, 0, 8 },
        { 40, 65536, 8 },
        { 40, 65536 + 8192, 8 },
        { 40, 1UL << 63, 8 },
        { 48, 0, 8 },
        { 48, 1, 8 },
        { 48, 2048, 8 },
        { 48, 6000, 8 },
        { 48, 8192, 8 },
        { 48, 1UL << 31, 8 },
        { 48, ulong.MaxValue, 8 },
        { 56, 1, 8 },
    };

    public void Dispose()
    {
        _listener.Dispose();
        _folder.Dispose();
    }

    [Theory]
    [MemberData(nameof(WrongWelcomes))]
    public async Task Welcome_FieldThatCannotBe_IsCorruptOrRefused(int offset, ulong value, int size)
    {
        byte[] welcome = RawPeer.Welcome(Bytes);
        byte[] field = new byte[8];
        BinaryPrimitives.WriteUInt64LittleEndian(field, value);
        field.AsSpan(0, size).CopyTo(welcome.AsSpan(offset));

        ConnectionException told = await ConnectAsync(server =>
        {
            using DescriptorHandle memory = RawPeer.CreateMemory();
            server.Send(welcome, memory);
        });

        Assert.True(told.Reason is Reason.Corrupt or Reason.Refused, told.Message);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(Libc.F_SEAL_SEAL)]
    [InlineData(Libc.F_SEAL_SHRINK)]
    [InlineData(Libc.F_SEAL_SHRINK | Libc.F_SEAL_GROW)]
    [InlineData(Libc.F_SEAL_GROW | Libc.F_SEAL_SEAL)]
    public async Task Memory_WithoutAllSeals_IsCorrupt(int seals)
    {
        ConnectionException told = await ConnectAsync(server =>
        {
            using DescriptorHandle memory = RawPeer.CreateMemory(seals: seals);
            server.Send(RawPeer.Welcome(Bytes), memory);
        });

        Assert.Equal(Reason.Corrupt, told.Reason);
    }

    [Theory]
    [InlineData(0)]
    [InlineData((long)RawPeer.SegmentSize - 4096)]
    [InlineData((long)RawPeer.SegmentSize + 4096)]
    public async Task Memory_OfAnotherSize_IsCorrupt(long size)
    {
        ConnectionException told = await ConnectAsync(server =>
        {
            using DescriptorHandle memory = RawPeer.CreateMemory(size);
            server.Send(RawPeer.Welcome(Bytes), memory);
        });

        Assert.Equal(Reason.Corrupt, told.Reason);
    }

    [Fact]
    public async Task Memory_RegularFile_IsCorrupt()
    {
        ConnectionException told = await ConnectAsync(server =>
        {
            using FileStream file = File.Create(_folder["file"]);
            file.SetLength((long)RawPeer.SegmentSize);
            using DescriptorHandle same = Libc.Duplicate((int)file.SafeFileHandle.DangerousGetHandle(), Libc.F_DUPFD_CLOEXEC, 0);
            server.Send(RawPeer.Welcome(Bytes), same);
        });

        Assert.Equal(Reason.Corrupt, told.Reason);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(2)]
    [InlineData(20)]
    public async Task Memory_TooManyOrTooFewDescriptors_IsCorruptAndNoneIsKept(int count)
    {
        ConnectionException told = await ConnectAsync(server =>
        {
            DescriptorHandle[] memory = [.. Enumerable.Range(0, count).Select(_ => RawPeer.CreateMemory())];
            server.Send(RawPeer.Welcome(Bytes), memory);
            foreach (DescriptorHandle one in memory)
                one.Dispose();
        });

        Assert.Equal(Reason.Corrupt, told.Reason);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(63)]
    public async Task Welcome_BrokenOff_IsNoConnection(int length)
    {
        ConnectionException told = await ConnectAsync(server =>
        {
            using DescriptorHandle memory = RawPeer.CreateMemory();
            if (length > 0)
                server.Send(RawPeer.Welcome(Bytes).AsSpan(0, length), memory);
            server.Socket.Dispose();
        });

        Assert.True(told.Reason is Reason.Corrupt or Reason.Reset or Reason.PeerDied or Reason.Refused, told.Message);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(40)]
    public async Task Welcome_ThatDoesNotCome_TimesOut(int length)
    {
        var silence = new TaskCompletionSource();
        ConnectionException told = await ConnectAsync(
            server =>
            {
                if (length > 0)
                    server.Send(RawPeer.Welcome(Bytes).AsSpan(0, length));
                silence.Task.GetAwaiter().GetResult();
            },
            TimeSpan.FromMilliseconds(300),
            () => silence.SetResult());

        Assert.Equal(Reason.TimedOut, told.Reason);
    }

    [Theory]
    [InlineData(1, Reason.Refused)]
    [InlineData(2, Reason.Refused)]
    [InlineData(3, Reason.Corrupt)]
    [InlineData(4, Reason.Full)]
    [InlineData(5, Reason.Denied)]
    public async Task Welcome_ThatRefuses_SaysWhy(int status, Reason reason)
    {
        byte[] welcome = new byte[64];
        "PARLEYSM"u8.CopyTo(welcome);
        welcome[8] = 1;
        welcome[16] = (byte)status;

        ConnectionException told = await ConnectAsync(server =>
        {
            server.Send(welcome);
            server.Socket.Dispose();
        });

        Assert.Equal(reason, told.Reason);
    }

    private async Task<ConnectionException> ConnectAsync(Action<RawPeer> answer, TimeSpan? timeout = null, Action? release = null)
    {
        Task server = Task.Factory.StartNew(
            () =>
            {
                using Socket accepted = _listener.Accept();
                accepted.ReceiveTimeout = 30_000;
                using var peer = new RawPeer(accepted);
                byte[] hello = new byte[64];
                for (int have = 0; have < hello.Length;)
                    have += accepted.Receive(hello.AsSpan(have));
                Assert.Equal("PARLEYSM"u8, hello.AsSpan(0, 8));
                answer(peer);
            },
            TaskCreationOptions.LongRunning);
        var options = new ConnectionOptions { ConnectTimeout = timeout ?? TimeSpan.FromSeconds(30) };
        try
        {
            return await Assert.ThrowsAsync<ConnectionException>(
                async () => (await Connection.ConnectAsync(new SharedMemoryEndPoint(_folder["s"]), options).Within()).Abort());
        }
        finally
        {
            release?.Invoke();
            await server.Within();
        }
    }
}
