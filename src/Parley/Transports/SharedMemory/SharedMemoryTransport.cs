using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using Parley.Transports.Descriptors;

namespace Parley.Transports.SharedMemory;

/// <summary>Connects to a socket for this user and root.</summary>
internal delegate ValueTask<Connection> SocketConnect(
    UnixDomainSocketEndPoint path, EndPoint asked, ConnectionOptions options, CancellationToken cancellationToken);

/// <summary>Listens on a socket for this user and root.</summary>
internal delegate ConnectionListener SocketBind(UnixDomainSocketEndPoint path, EndPoint asked, ListenerOptions options, LastWords? lastWords);

/// <summary>Shared memory: two processes meet at a socket, whose transport is given from outside, and talk through the segment that one sends the other.</summary>
internal static class SharedMemoryTransport
{
    internal static ConnectionListener Bind(SharedMemoryEndPoint local, ListenerOptions options, SocketBind bind)
        => new SharedMemoryConnectionListener(BindLinks(local, LinkKind.Bytes, options, bind), options);

    internal static MessageChannelListener BindChannels(SharedMemoryEndPoint local, MessageChannelOptions options, SocketBind bind)
        => new SharedMemoryChannelListener(BindLinks(local, LinkKind.Messages, options.ForListener(), bind), options.ForClients());

    internal static async ValueTask<Connection> ConnectAsync(
        SharedMemoryEndPoint remote, ConnectionOptions options, SocketConnect connect, CancellationToken cancellationToken)
        => ToConnection(await LinkAsync(remote, LinkKind.Bytes, options, connect, cancellationToken).ConfigureAwait(false), options);

    internal static async ValueTask<MessageChannel> OpenAsync(
        SharedMemoryEndPoint remote, MessageChannelOptions options, SocketConnect connect, CancellationToken cancellationToken)
        => ToChannel(await LinkAsync(remote, LinkKind.Messages, options, connect, cancellationToken).ConfigureAwait(false), options);

    internal static Connection ToConnection(SharedMemoryLink link, ConnectionOptions options) => new SharedMemoryConnection(link, options);

    internal static MessageChannel ToChannel(SharedMemoryLink link, MessageChannelOptions options)
        => new SharedMemoryChannel(link, link.Socket.LocalEndPoint, link.Socket.RemoteEndPoint, options);

    internal static LinkListener BindLinks(SharedMemoryEndPoint local, LinkKind offered, ListenerOptions options, SocketBind bind)
    {
        CheckPlatform(local);
        UnixDomainSocketEndPoint path = SocketPlace.Of(local, makes: true, Step.Bind);
        return LinkListener.Bind(ofSockets => bind(path, local, ofSockets, ServerHandshake.LastWords), offered, options);
    }

    internal static async ValueTask<SharedMemoryLink> LinkAsync(
        SharedMemoryEndPoint remote, LinkKind kind, ConnectionOptions options, SocketConnect connect, CancellationToken cancellationToken)
    {
        long due = Clock.FromNow(options.ConnectTimeout);
        DescriptorConnection socket = await ReachAsync(remote, options, connect, cancellationToken).ConfigureAwait(false);
        try
        {
            return await new ClientHandshake(socket, remote, due).LinkAsync(kind, options.RingSize ?? 0, cancellationToken).ConfigureAwait(false);
        }
        catch
        {
            socket.Abort();
            throw;
        }
    }

    /// <summary>Asks a server who is connected.</summary>
    internal static async ValueTask<IReadOnlyList<SharedMemoryConnectionStatus>> AskForStatusAsync(
        SharedMemoryEndPoint remote, ConnectionOptions options, SocketConnect connect, CancellationToken cancellationToken)
    {
        long due = Clock.FromNow(options.ConnectTimeout);
        DescriptorConnection socket = await ReachAsync(remote, options, connect, cancellationToken).ConfigureAwait(false);
        try
        {
            return LinkStatus.Read(await new ClientHandshake(socket, remote, due).AskForStatusAsync(cancellationToken).ConfigureAwait(false));
        }
        catch (InvalidDataException wrong)
        {
            throw new ConnectionException(Step.Handshake, Reason.Corrupt, remote, wrong.Message, inner: wrong);
        }
        finally
        {
            socket.Abort();
        }
    }

    private static async ValueTask<DescriptorConnection> ReachAsync(
        SharedMemoryEndPoint remote, ConnectionOptions options, SocketConnect connect, CancellationToken cancellationToken)
    {
        CheckPlatform(remote);
        UnixDomainSocketEndPoint path = SocketPlace.Of(remote, makes: false, Step.Connect);
        return (DescriptorConnection)await connect(path, remote, options, cancellationToken).ConfigureAwait(false);
    }

    // Elsewhere the numbers of the system calls are not known here, or the order of bytes is another one.
    private static void CheckPlatform(SharedMemoryEndPoint endPoint)
    {
        if (!OperatingSystem.IsLinux() || RuntimeInformation.ProcessArchitecture is not (Architecture.X64 or Architecture.Arm64 or Architecture.RiscV64 or Architecture.LoongArch64))
            throw new PlatformNotSupportedException($"{ParleyEndPoint.Format(endPoint)} needs Linux on a 64-bit processor: x64, arm64, riscv64 or loongarch64.");
    }
}
