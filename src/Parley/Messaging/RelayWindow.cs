using System.Buffers;
using System.Diagnostics.CodeAnalysis;

namespace Parley;

/// <summary>
/// Messages on their way to a target, in the order in which they were taken. One thread begins, waits and drops; sends end on any thread.
/// </summary>
[SuppressMessage("Design", "CA1001", Justification = "A source that no timer and no wait handle was asked of holds nothing of the system's.")]
internal sealed class RelayWindow(int size)
{
    private readonly Queue<Flight> _flights = new();
    private CancellationTokenSource _failed = new();
    private Exception? _sourceFailure;
    private long _messages;
    private long _bytes;
    private long _possibleDuplicates;

    internal int Count => _flights.Count;

    internal Message Oldest => _flights.Peek().Message;

    internal long Messages => Interlocked.Read(ref _messages);

    internal long Bytes => Interlocked.Read(ref _bytes);

    internal long PossibleDuplicates => Interlocked.Read(ref _possibleDuplicates);

    /// <summary>Whether the failure that <see cref="SettleAsync"/> has found is the target's.</summary>
    internal bool HasTargetFailed { get; private set; }

    /// <summary>Cancelled once a send fails: no more is to be begun.</summary>
    internal CancellationToken Failed => _failed.Token;

    /// <summary>Sends again what earlier targets have not confirmed.</summary>
    /// <returns>How many were begun.</returns>
    internal long SendAgain(MessageChannel target, long count, CancellationToken cancellationToken)
    {
        if (_failed.IsCancellationRequested)
        {
            _failed.Dispose();
            _failed = new CancellationTokenSource();
        }

        HasTargetFailed = false;
        _sourceFailure = null;
        long begun = 0;
        foreach (Flight flight in _flights)
        {
            flight.Failure = null;
            flight.Send = Task.CompletedTask;
        }

        foreach (Flight flight in _flights)
        {
            if (begun == count || _failed.IsCancellationRequested)
                break;
            flight.Send = SendAsync(flight, target, cancellationToken);
            begun++;
        }

        return begun;
    }

    /// <summary>Waits until another may be begun.</summary>
    internal async ValueTask WaitForRoomAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            while (_flights.TryPeek(out Flight? oldest) && oldest.IsDone)
                Drop();
            if (_flights.Count < size)
                return;
            await _flights.Peek().Send.WaitAsync(cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            cancellationToken.ThrowIfCancellationRequested();
        }
    }

    /// <summary>Begins to send a message that was just taken.</summary>
    internal void Begin(MessageChannel target, ReadOnlySpan<byte> body, in ReceivedMessage received, CancellationToken cancellationToken)
    {
        byte[] own = ArrayPool<byte>.Shared.Rent(body.Length);
        body.CopyTo(own);
        var flight = new Flight(own, received);
        _flights.Enqueue(flight);
        flight.Send = SendAsync(flight, target, cancellationToken);
    }

    /// <summary>Waits for every send that was begun.</summary>
    /// <returns>What went wrong with the oldest that is left; <see langword="null"/> where nothing did.</returns>
    internal async ValueTask<Exception?> SettleAsync()
    {
        Exception? first = null;
        for (int left = _flights.Count; left > 0; left--)
        {
            Flight flight = _flights.Dequeue();
            await flight.Send.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (flight.IsDone)
            {
                flight.Release();
                continue;
            }

            _flights.Enqueue(flight);
            if (first is null && flight.Failure is { } failure)
            {
                first = failure;
                HasTargetFailed = flight.IsFailureOfTarget;
            }
        }

        // The target has it; the source does not know.
        return first ?? _sourceFailure;
    }

    internal void Drop() => _flights.Dequeue().Release();

    private async Task SendAsync(Flight flight, MessageChannel target, CancellationToken cancellationToken)
    {
        flight.Failure = null;
        bool isAgain = flight.MayHaveArrived || flight.Message.Delivery!.IsRedelivered;
        try
        {
            Message message = flight.Message;
            IReadOnlyDictionary<string, string>? properties = isAgain ? Marked(message.Header.Properties) : message.Header.Properties;
            var header = new MessageHeader { Priority = Math.Min(message.Header.Priority, target.MaxPriority), Properties = properties };
            await target.SendAsync(message.Body, header, cancellationToken).ConfigureAwait(false);
            await target.WaitUntilTakenAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (Exception failure)
        {
            flight.Failure = failure;
            flight.IsFailureOfTarget = failure is not OperationCanceledException;
            flight.MayHaveArrived |= MayHaveArrived(failure);
            await _failed.CancelAsync().ConfigureAwait(false);
            return;
        }

        Interlocked.Increment(ref _messages);
        Interlocked.Add(ref _bytes, flight.Message.Body.Length);
        if (isAgain)
            Interlocked.Increment(ref _possibleDuplicates);
        try
        {
            await flight.Message.Delivery!.AcknowledgeAsync(CancellationToken.None).ConfigureAwait(false);
        }
        catch (ConnectionException untold)
        {
            // Not sent again here: the source delivers it again, and says so.
            Interlocked.CompareExchange(ref _sourceFailure, untold, null);
            await _failed.CancelAsync().ConfigureAwait(false);
        }

        flight.IsDone = true;
    }

    /// <summary>Whether a target may have the message whose send failed so.</summary>
    internal static bool MayHaveArrived(Exception failure) => failure is not ConnectionException { Reason: Reason.TooLarge or Reason.Corrupt };

    internal static Dictionary<string, string> Marked(IReadOnlyDictionary<string, string>? properties)
    {
        var marked = properties is null ? new Dictionary<string, string>(StringComparer.Ordinal) : new Dictionary<string, string>(properties, StringComparer.Ordinal);
        marked[MessageHeader.ResentProperty] = "1";
        return marked;
    }

    private sealed class Flight(byte[] buffer, ReceivedMessage received)
    {
        internal Message Message => new(buffer.AsMemory(0, received.Length), received.Header) { Delivery = received.Delivery };

        internal Task Send { get; set; } = Task.CompletedTask;

        /// <summary>The target has it. Written before <see cref="Send"/> ends.</summary>
        internal volatile bool IsDone;

        internal Exception? Failure { get; set; }

        internal bool IsFailureOfTarget { get; set; }

        internal bool MayHaveArrived { get; set; }

        internal void Release() => ArrayPool<byte>.Shared.Return(buffer);
    }
}
