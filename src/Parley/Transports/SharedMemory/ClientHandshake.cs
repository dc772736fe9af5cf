using System.Net;
using Parley.Interop.Linux;
using Parley.Transports.Descriptors;

namespace Parley.Transports.SharedMemory;

/// <summary>Agrees with the server (section 1 of the protocol).</summary>
internal sealed class ClientHandshake(DescriptorConnection socket, EndPoint server, long due)
{
    // Some 100,000 connections.
    private const int LongestStatus = 32 * 1024 * 1024;

    private readonly HandshakeSocket _talk = new(socket, due);

    /// <summary>Asks for a link.</summary>
    /// <param name="kind">Which.</param>
    /// <param name="capacity">How large its rings are to be; 0 leaves it to the server.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>The link; the caller closes the socket where there is none.</returns>
    /// <exception cref="ConnectionException"><see cref="Step.Connect"/> where the server does not want to, otherwise <see cref="Step.Handshake"/>.</exception>
    internal async ValueTask<SharedMemoryLink> LinkAsync(LinkKind kind, int capacity, CancellationToken cancellationToken)
    {
        using var descriptors = new ReceivedDescriptors();
        Welcome welcome = await AskAsync(new Hello(kind, Hello.OwnFeatures(kind), (ulong)capacity), descriptors, cancellationToken).ConfigureAwait(false);
        if (descriptors.Single is not { } memory)
            throw _talk.Failure(Reason.Corrupt, $"{(descriptors.HasMore ? "more than " : "")}{descriptors.Count} descriptors came with the welcome, not one");

        Segment segment = Map(memory, welcome.Shape);
        try
        {
            byte[] ready = new byte[SharedLayout.ReadySize];
            ServerHandshake.ReadyMagic.CopyTo(ready);
            await _talk.SendAsync(ready, null, cancellationToken).ConfigureAwait(false);
            var link = new SharedMemoryLink(socket, segment, isServer: false, kind, Hello.AgreesOnMembarrier(kind, welcome.Features));
            link.Start();
            return link;
        }
        catch
        {
            segment.Dispose();
            throw;
        }
    }

    /// <summary>Asks who is connected.</summary>
    /// <returns>A line of JSON for each; the caller closes the socket.</returns>
    /// <exception cref="ConnectionException"><see cref="Step.Connect"/> where the server does not want to, otherwise <see cref="Step.Handshake"/>.</exception>
    internal async ValueTask<byte[]> AskForStatusAsync(CancellationToken cancellationToken)
    {
        using var descriptors = new ReceivedDescriptors();
        Welcome welcome = await AskAsync(new Hello(LinkKind.Status, 0, 0), descriptors, cancellationToken).ConfigureAwait(false);
        if (welcome.Shape.Size is < 0 or > LongestStatus)
            throw _talk.Failure(Reason.Corrupt, $"the server announces a status of {(ulong)welcome.Shape.Size} bytes");
        return await _talk.ReceiveAsync((int)welcome.Shape.Size, cancellationToken).ConfigureAwait(false);
    }

    private async ValueTask<Welcome> AskAsync(Hello hello, ReceivedDescriptors descriptors, CancellationToken cancellationToken)
    {
        try
        {
            await _talk.SendAsync(hello.ToBytes(), null, cancellationToken).ConfigureAwait(false);
        }
        catch (ConnectionException failure) when (failure.Reason == Reason.Reset)
        {
            // It may have turned this side away before it heard anything: then its welcome is there, and says why.
        }

        byte[] bytes = await _talk.ReceiveAsync(SharedLayout.WelcomeSize, descriptors, cancellationToken).ConfigureAwait(false);
        Welcome welcome;
        try
        {
            welcome = Welcome.Read(bytes, hello.Kind);
        }
        catch (InvalidDataException wrong)
        {
            throw _talk.Failure(Reason.Corrupt, wrong.Message);
        }

        return welcome.Status switch
        {
            WelcomeStatus.Welcome => welcome,
            WelcomeStatus.UnknownVersion => throw Refused(Reason.Refused, $"the server speaks version {welcome.Version} of the protocol, this side version {SharedLayout.Version}"),
            WelcomeStatus.KindNotOffered => throw Refused(Reason.Refused, $"it is served as {(hello.Kind == LinkKind.Bytes ? "messages" : "bytes")}"),
            WelcomeStatus.NotUnderstood => throw _talk.Failure(Reason.Corrupt, "the server has not understood what it was asked"),
            WelcomeStatus.NoRoom => throw Refused(Reason.Full, "the server has no room for another client"),
            WelcomeStatus.NotAllowed => throw Refused(Reason.Denied, "the server does not allow it"),
            _ => throw _talk.Failure(Reason.Corrupt, $"the server answers with status {(uint)welcome.Status}"),
        };
    }

    private Segment Map(DescriptorHandle memory, in SegmentShape shape)
    {
        try
        {
            return Segment.Map(memory, shape);
        }
        catch (InvalidDataException wrong)
        {
            throw _talk.Failure(Reason.Corrupt, wrong.Message);
        }
        catch (MappingException failure)
        {
            throw ConnectionException.FromErrno(Step.Handshake, failure.ErrorNumber, server);
        }
    }

    private ConnectionException Refused(Reason reason, string cause) => new(Step.Connect, reason, server, cause);
}
