using System.Net.Sockets;
using Parley.Interop.Linux;

namespace Parley.Transports.SharedMemory;

/// <summary>Looks at a name, and removes it where its server has died.</summary>
/// <param name="endPoint">The name.</param>
/// <param name="connect">Reaches its socket.</param>
/// <param name="removeStale">Removes a socket that nobody listens on; fails where somebody does.</param>
internal sealed class SharedMemoryObject(SharedMemoryEndPoint endPoint, SocketConnect connect, Action<UnixDomainSocketEndPoint, SharedMemoryEndPoint> removeStale) : INamedObject
{
    private const int PermissionBits = 0x1FF;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    public void Create(NamedObjectOptions options) => throw new ConnectionException(
        Step.Create, Reason.Other, endPoint, "shared memory is made by who listens on its name, and is gone with the last who uses it");

    public IReadOnlyList<NamedObjectStatus> Inspect(AccessRules? accessRules)
    {
        NamedObjectStatus status = Look(Step.Open);
        try
        {
            var options = new ConnectionOptions { ConnectTimeout = Patience, AccessRules = accessRules };
            IReadOnlyList<SharedMemoryConnectionStatus> connections = SharedMemoryTransport.AskForStatusAsync(endPoint, options, connect, CancellationToken.None)
                .AsTask().GetAwaiter().GetResult();
            return [status with { IsServed = true, Connections = connections }];
        }
        catch (ConnectionException failure) when (failure is { Step: Step.Connect, ErrorNumber: Errno.ECONNREFUSED })
        {
            return [status with { IsServed = false }];
        }
    }

    public void Remove()
    {
        Look(Step.Remove);
        try
        {
            removeStale(SocketPlace.Of(endPoint, makes: false, Step.Remove), endPoint);
        }
        catch (ConnectionException failure) when (failure is { Reason: Reason.InUse, ErrorNumber: Errno.EADDRINUSE })
        {
            throw new ConnectionException(Step.Remove, Reason.InUse, endPoint, "somebody listens there: it is gone when they stop", failure.ErrorNumber, failure);
        }
        catch (ConnectionException failure) when (failure.Step != Step.Remove)
        {
            throw new ConnectionException(Step.Remove, failure.Reason, endPoint, failure.Cause, failure.ErrorNumber, failure);
        }
    }

    internal static NamedObjectStatus Describe(SharedMemoryEndPoint endPoint, in StatxResult file) => new()
    {
        EndPoint = endPoint,
        Type = "memory",
        Mode = (UnixFileMode)(file.Mode & PermissionBits),
        UserId = file.Uid,
        GroupId = file.Gid,
    };

    private NamedObjectStatus Look(Step step)
    {
        string path = UnixPath.Of(SocketPlace.Of(endPoint, makes: false, step));
        if (FileStatus.OfPath(path, out StatxResult file) is var error and not 0)
            throw ConnectionException.FromErrno(step, error, endPoint);
        return file.IsSocket
            ? Describe(endPoint, file)
            : throw new ConnectionException(step, Reason.Other, endPoint, $"{path} is no socket");
    }
}
