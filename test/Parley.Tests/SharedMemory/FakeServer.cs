using System.Net.Sockets;
using Parley.Interop.Linux;
using Parley.Transports.SharedMemory;

namespace Parley.Tests.SharedMemory;

/// <summary>A server that answers one client as it is told to.</summary>
internal sealed class FakeServer : IDisposable
{
    private readonly TestFolder _folder = new();
    private readonly Socket _listener;

    public FakeServer()
    {
        EndPoint = new SharedMemoryEndPoint(_folder["s"]);
        _listener = RawSocket.Listen(new UnixDomainSocketEndPoint(EndPoint.Name));
    }

    public SharedMemoryEndPoint EndPoint { get; }

    public static SegmentShape Shape => SegmentShape.Of(4096);

    /// <summary>What a server that does it right says.</summary>
    public static byte[] RightWelcome => new Welcome(LinkKind.Bytes, 0, WelcomeStatus.Welcome, Shape).ToBytes();

    /// <summary>Hears the hello and answers.</summary>
    /// <returns>Its side of the socket.</returns>
    public async Task<Socket> AnswerAsync(byte[] welcome, params DescriptorHandle[] descriptors)
    {
        Socket client = await _listener.AcceptAsync().Within();
        await RawSocket.ReadExactlyAsync(client, SharedLayout.HelloSize);
        PassedDescriptors.Send(client, welcome, descriptors);
        return client;
    }

    /// <summary>A memfd with these seals.</summary>
    public static unsafe DescriptorHandle Memory(long size, int seals)
    {
        fixed (byte* name = "parley-test"u8)
        {
            DescriptorHandle memory = Libc.MemFdCreate(name, Libc.MFD_CLOEXEC | Libc.MFD_ALLOW_SEALING);
            Assert.Equal(0, Libc.FTruncate(memory, size));
            Assert.Equal(0, Libc.Set(memory, Libc.F_ADD_SEALS, seals));
            return memory;
        }
    }

    /// <summary>A memfd of huge pages, of which it has none; <see langword="null"/> where the kernel knows no such thing.</summary>
    public static unsafe DescriptorHandle? HugeMemory(int seals)
    {
        const uint MFD_HUGETLB = 4;
        fixed (byte* name = "parley-test"u8)
        {
            DescriptorHandle memory = Libc.MemFdCreate(name, Libc.MFD_CLOEXEC | Libc.MFD_ALLOW_SEALING | MFD_HUGETLB);
            if (memory.IsInvalid)
                return null;
            Assert.Equal(0, Libc.Set(memory, Libc.F_ADD_SEALS, seals));
            return memory;
        }
    }

    public static DescriptorHandle RightMemory() => Memory(Shape.Size, Libc.F_SEAL_SHRINK | Libc.F_SEAL_GROW | Libc.F_SEAL_SEAL);

    public void Dispose()
    {
        _listener.Dispose();
        _folder.Dispose();
    }
}
