using Parley.Interop.Linux;
using Parley.Transports.Descriptors;

namespace Parley.Transports.SharedMemory;

/// <summary>Agrees with one client (section 1 of the protocol).</summary>
internal sealed class ServerHandshake(LinkKind offered, int capacity, Func<byte[]> status)
{
    private static readonly TimeSpan TimeLimit = TimeSpan.FromSeconds(10);

    /// <summary>The welcome of those who are turned away before they have said anything.</summary>
    internal static LastWords LastWords { get; } = new(Welcome.Refusal(WelcomeStatus.NotAllowed).ToBytes(), Welcome.Refusal(WelcomeStatus.NoRoom).ToBytes());

    internal static ReadOnlySpan<byte> ReadyMagic => "PARLEYOK"u8;

    /// <summary>Talks with a client until it is ready, has its answer, or has failed to say what is wanted.</summary>
    /// <param name="socket">Its socket; the caller closes it where no link comes of it.</param>
    /// <param name="waitForPlace">Waits until a client who wants a link may have one; the time it takes is not the client's.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>The link; <see langword="null"/> where the client wanted the status, and has it.</returns>
    /// <exception cref="ConnectionException"><see cref="Step.Handshake"/>: nothing comes of it. The client knows why, if it can.</exception>
    internal async ValueTask<SharedMemoryLink?> RunAsync(
        DescriptorConnection socket, Func<CancellationToken, ValueTask> waitForPlace, CancellationToken cancellationToken)
    {
        var talk = new HandshakeSocket(socket, Clock.FromNow(TimeLimit));
        WelcomeStatus verdict = Hello.Read(await talk.ReceiveAsync(SharedLayout.HelloSize, cancellationToken).ConfigureAwait(false), offered, out Hello hello);
        if (verdict != WelcomeStatus.Welcome)
            throw await RefuseAsync(talk, verdict, Objection(verdict), 0, cancellationToken).ConfigureAwait(false);
        if (hello.Kind != LinkKind.Status)
        {
            await waitForPlace(cancellationToken).ConfigureAwait(false);
            return await LinkAsync(socket, new HandshakeSocket(socket, Clock.FromNow(TimeLimit)), hello, cancellationToken).ConfigureAwait(false);
        }

        byte[] text = status();
        var welcome = new Welcome(LinkKind.Status, 0, WelcomeStatus.Welcome, new SegmentShape(text.Length, 0, 0, 0));
        await talk.SendAsync(welcome.ToBytes(), null, cancellationToken).ConfigureAwait(false);
        await talk.SendAsync(text, null, cancellationToken).ConfigureAwait(false);
        return null;
    }

    private async ValueTask<SharedMemoryLink> LinkAsync(DescriptorConnection socket, HandshakeSocket talk, Hello hello, CancellationToken cancellationToken)
    {
        DescriptorHandle memory;
        Segment segment;
        try
        {
            segment = Segment.Create(hello.Capacity == 0 ? capacity : (int)Math.Min(hello.Capacity, (ulong)capacity), out memory);
        }
        catch (MappingException failure)
        {
            throw await RefuseAsync(talk, WelcomeStatus.NoRoom, failure.Message, failure.ErrorNumber, cancellationToken).ConfigureAwait(false);
        }

        // Made before the client is ready: one that is, and is not taken any more, finds that the conversation was aborted, and not that this
        // process died.
        var link = new SharedMemoryLink(socket, segment, isServer: true, hello.Kind, Hello.AgreesOnMembarrier(hello.Kind, hello.Features));
        try
        {
            using (memory)
            {
                var welcome = new Welcome(hello.Kind, Hello.OwnFeatures(hello.Kind), WelcomeStatus.Welcome, segment.Shape);
                await talk.SendAsync(welcome.ToBytes(), memory, cancellationToken).ConfigureAwait(false);
            }

            byte[] ready = await talk.ReceiveAsync(SharedLayout.ReadySize, cancellationToken).ConfigureAwait(false);
            if (!ready.AsSpan().StartsWith(ReadyMagic) || ready.AsSpan(ReadyMagic.Length).ContainsAnyExcept((byte)0))
                throw talk.Failure(Reason.Corrupt, "what should say that the peer is ready says something else");
            link.Start();
            return link;
        }
        catch (Exception failure)
        {
            link.Abort(failure);
            throw;
        }
    }

    private string Objection(WelcomeStatus verdict) => verdict switch
    {
        WelcomeStatus.UnknownVersion => "it speaks another version of the protocol",
        WelcomeStatus.KindNotOffered => $"it does not want {(offered == LinkKind.Bytes ? "bytes" : "messages")}, as which this name is served",
        _ => "what it said first is no hello of the protocol",
    };

    private static async ValueTask<ConnectionException> RefuseAsync(
        HandshakeSocket talk, WelcomeStatus verdict, string cause, int errorNumber, CancellationToken cancellationToken)
    {
        await talk.SendAsync(Welcome.Refusal(verdict).ToBytes(), null, cancellationToken).ConfigureAwait(false);
        Reason reason = verdict switch
        {
            WelcomeStatus.NotUnderstood => Reason.Corrupt,
            WelcomeStatus.NoRoom => Reason.Limit,
            _ => Reason.Refused,
        };
        return talk.Failure(reason, cause, errorNumber);
    }
}
