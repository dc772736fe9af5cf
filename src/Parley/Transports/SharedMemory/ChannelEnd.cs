using System.Net;

namespace Parley.Transports.SharedMemory;

/// <summary>Whether and why a channel is over on this side, for both of its directions.</summary>
internal sealed class ChannelEnd(SharedMemoryLink link, EndPoint? endPoint)
{
    private volatile bool _isOver;
    private volatile Break? _break;
    private volatile bool _isDisposed;

    /// <summary>Looked at by each call after it has entered its ring: from then on nothing of the segment is touched.</summary>
    internal bool IsOver => _isOver;

    /// <summary>Whether this side has broken it off.</summary>
    internal bool IsBrokenOff => _break is not null;

    /// <summary>Whether it has because the peer has broken the protocol: nothing it says counts any more.</summary>
    internal bool IsCorrupt => _break is { Reason: Reason.Corrupt };

    internal void Dispose()
    {
        _isDisposed = true;
        _isOver = true;
        link.NoteEnding();
    }

    /// <summary>This side breaks it off. The first reason stands.</summary>
    internal void BreakOff(Reason reason, string cause)
    {
        Interlocked.CompareExchange(ref _break, new Break(reason, cause), null);
        _isOver = true;
        link.NoteEnding();
    }

    /// <summary>Why a call fails when <see cref="IsOver"/>.</summary>
    internal ConnectionException Failure(Step step)
    {
        if (_isDisposed)
            return new ConnectionException(step, Reason.Aborted, endPoint, "the channel was disposed");
        Break broken = _break!;
        return new ConnectionException(step, broken.Reason, endPoint, broken.Cause);
    }

    internal ConnectionException Completed()
        => new(Step.Send, Reason.Aborted, endPoint, "it was said that no more is sent");

    /// <summary>Why a call fails when the peer is gone.</summary>
    /// <param name="step">What was called.</param>
    /// <param name="state">The peer's state of that direction.</param>
    internal ConnectionException Gone(Step step, uint state)
    {
        return state switch
        {
            SharedLayout.Open => new(step, Reason.PeerDied, endPoint, "the peer's process ended without closing the conversation"),
            SharedLayout.Closed => new(step, Reason.Reset, endPoint, "the peer reads no more"),
            _ => new(step, Reason.Reset, endPoint, "the peer broke the conversation off"),
        };
    }

    /// <summary>Why a dispose fails: the peer has gone, or was broken off, without having taken everything.</summary>
    internal ConnectionException Undelivered(uint state, long bytes)
    {
        Reason reason = _break?.Reason ?? (state == SharedLayout.Open ? Reason.PeerDied : Reason.Reset);
        string cause = _break?.Cause ?? "the peer ended before it had taken everything";
        return Undelivered(reason, cause, bytes);
    }

    /// <summary>Why a dispose fails: the peer is there, and has not taken everything in time. What is in the ring stays there for it.</summary>
    internal ConnectionException NotTaken(TimeSpan waited, long bytes)
        => Undelivered(Reason.TimedOut, $"the peer has not taken everything within {waited.TotalSeconds:0.###} s", bytes);

    /// <summary>The same where what the peer says it has taken cannot be.</summary>
    internal ConnectionException NotKnown(long bytes) => Undelivered(Reason.Corrupt, SharedMemoryChannel.Nonsense, bytes);

    private ConnectionException Undelivered(Reason reason, string cause, long bytes)
        => new(Step.Close, reason, endPoint, $"{cause}: messages in {bytes} bytes of the ring may not have been received") { UndeliveredBytes = bytes };

    internal ConnectionException TimedOut(Step step) => new(step, Reason.TimedOut, endPoint, "the time is over");

    internal ConnectionException TooLargeToSend(int length, int most)
        => new(Step.Send, Reason.TooLarge, endPoint, $"the message has {length} bytes, the channel takes at most {most}");

    internal ConnectionException TooLargeToReceive(int length, int room)
        => new(Step.Receive, Reason.TooLarge, endPoint, $"a message of {length} bytes does not fit into a buffer of {room}") { MessageLength = length };

    private sealed record Break(Reason Reason, string Cause);
}
