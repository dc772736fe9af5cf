using System.Net;
using Parley.Cli.Output;

namespace Parley.Cli.Messages;

/// <summary>Moves messages of any number of sources to one target, which may fail in between. What was taken is sent, put back or written out.</summary>
internal sealed class RelayRun(RelayTarget target, Undelivered undelivered, bool verbose)
{
    private readonly HashSet<MessageRelay> _running = [];
    private readonly Lock _lock = new();
    private long _ended;
    private long _messages;
    private long _bytes;

    /// <summary>What was moved so far, by all sources.</summary>
    internal Traffic Traffic()
    {
        lock (_lock)
            return new Traffic(_running.Count, _ended, _bytes + _running.Sum(static relay => relay.BytesMoved), 0);
    }

    /// <summary>Says what was moved.</summary>
    internal void Report(EndPoint source) => StandardError.WriteLine($"{Place(source)}: {Units.Count(_messages, "message")}, {Units.Count(_bytes, "byte")}");

    /// <summary>Both ends, in words.</summary>
    internal string Place(EndPoint source) => $"{ParleyEndPoint.Format(source)} -> {ParleyEndPoint.Format(target.EndPoint)}";

    /// <summary>Moves until the source's end.</summary>
    /// <param name="channel">The source.</param>
    /// <param name="source">Its endpoint.</param>
    /// <param name="count">How many messages at most, those that went to the file among them.</param>
    /// <param name="stop">Takes no more.</param>
    /// <param name="cut">Gives up.</param>
    /// <exception cref="ConnectionException">The source failed, or the target for good.</exception>
    /// <exception cref="OperationCanceledException"><paramref name="cut"/> was cancelled.</exception>
    internal async ValueTask MoveAsync(MessageChannel channel, EndPoint source, long count, CancellationToken stop, CancellationToken cut)
    {
        var relay = new MessageRelay(channel);
        long dropped = 0;
        lock (_lock)
            _running.Add(relay);
        try
        {
            while (relay.MessagesMoved + dropped < count)
            {
                MoveEnd end = await MoveAsync(relay, source, count - dropped, stop, cut);
                if (end == MoveEnd.All || (stop.IsCancellationRequested && !relay.HasMessage))
                    return;
                if (end == MoveEnd.MessageDropped)
                    dropped++;
            }
        }
        catch (Exception failure) when (relay.HasMessage)
        {
            string why = failure is ConnectionException broken ? broken.Message : "it was not taken in time";
            await undelivered.PutBackOrKeepAsync(relay.InHand, source, why);
            throw;
        }
        finally
        {
            lock (_lock)
            {
                _running.Remove(relay);
                _ended++;
                _messages += relay.MessagesMoved;
                _bytes += relay.BytesMoved;
            }
        }
    }

    private async ValueTask<MoveEnd> MoveAsync(MessageRelay relay, EndPoint source, long count, CancellationToken stop, CancellationToken cut)
    {
        OpenTarget open;
        try
        {
            // Clients of a listener are cut, never stopped.
            open = await target.GetAsync(relay.HasMessage || !stop.CanBeCanceled ? cut : stop);
        }
        catch (OperationCanceledException) when (!cut.IsCancellationRequested)
        {
            return MoveEnd.All;
        }

        using var broken = CancellationTokenSource.CreateLinkedTokenSource(cut, open.Gone);
        long before = relay.MessagesMoved;
        try
        {
            await relay.MoveAsync(open.Channel, count - before, stop, broken.Token);
            return MoveEnd.All;
        }
        catch (OperationCanceledException) when (open.Gone.IsCancellationRequested && !cut.IsCancellationRequested)
        {
            await ReopenAsync(relay, open, new ConnectionException(Step.Send, Reason.Reset, target.EndPoint, "the peer has ended"));
            return MoveEnd.TargetFailed;
        }
        catch (ConnectionException refused) when (relay.HasTargetFailed && relay.HasMessage && IsAboutMessage(refused) && undelivered.TryKeepInFile(relay.InHand, source, refused.Message))
        {
            await relay.DropAsync(cut);
            return MoveEnd.MessageDropped;
        }
        catch (ConnectionException failure) when (relay.HasTargetFailed && !IsAboutMessage(failure))
        {
            await ReopenAsync(relay, open, failure);
            return MoveEnd.TargetFailed;
        }
        finally
        {
            if (relay.MessagesMoved > before)
                target.Succeed();
        }
    }

    // Too long for the target, or with what would end it within it: no other try would do better.
    private static bool IsAboutMessage(ConnectionException failure) => failure is { Step: Step.Send, Reason: Reason.TooLarge or Reason.Corrupt };

    private async ValueTask ReopenAsync(MessageRelay relay, OpenTarget open, ConnectionException failure)
    {
        if (!await target.FailAsync(open, failure, relay.HasMessage ? relay.InHand.Body.Length : null))
            throw failure;
        if (verbose)
            StandardError.WriteLine("parley: " + PlainText.OneLine(failure.Message) + "; trying again");
    }

    private enum MoveEnd
    {
        /// <summary>Nothing more is to be moved.</summary>
        All,

        /// <summary>The target has to be opened again.</summary>
        TargetFailed,

        /// <summary>A message that the target cannot take was seen to.</summary>
        MessageDropped,
    }
}
