using System.Net;
using Parley.Cli.Output;

namespace Parley.Cli.Messages;

/// <summary>
/// Prints the messages of one channel, or of several at once, in turns: a message is taken by whoever can print it.
/// </summary>
/// <param name="printer">Where to.</param>
/// <param name="asked">The endpoint, for words, until it is known better.</param>
/// <param name="count">After how many to end; <see langword="null"/> for never.</param>
/// <param name="timeout">How long to wait for the next one.</param>
/// <param name="noWait">Whether to take only what is there.</param>
internal sealed class Receiver(MessagePrinter printer, EndPoint asked, int? count, TimeSpan timeout, bool noWait) : IDisposable
{
    private readonly SemaphoreSlim _turn = new(1);
    private readonly CancellationTokenSource _over = new();
    private readonly CancellationTokenSource _silence = new();
    private readonly Undelivered _undelivered = new(null);
    private EndPoint _where = asked;
    private CancellationTokenRegistration _outputClosed;
    private CancellationTokenRegistration _timedOut;
    private byte[] _buffer = [];
    private long _bytes;
    private bool _hasLost;
    private ConnectionException? _outputFailure;

    /// <summary>Whether it is no failure that no more come, once one has.</summary>
    internal bool IsSilenceEnough { get; init; }

    /// <summary>How many were printed.</summary>
    internal long Printed { get; private set; }

    /// <summary>Cancelled when no more are wanted: enough were printed, nobody reads or takes them, or none came for too long.</summary>
    internal CancellationToken Over => _over.Token;

    /// <summary>Whether there was an end to wait for that has not come.</summary>
    internal bool IsUnfinished => count is not null && !_over.IsCancellationRequested;

    /// <summary>Begins to watch the clock and the reader of standard output.</summary>
    /// <param name="bound">The endpoint as it is now: with the port that the system chose.</param>
    internal void Start(EndPoint bound)
    {
        _where = bound;
        _outputClosed = printer.Closed.UnsafeRegister(static over => ((CancellationTokenSource)over!).Cancel(), _over);
        _timedOut = _silence.Token.UnsafeRegister(static over => ((CancellationTokenSource)over!).Cancel(), _over);
        _silence.CancelAfter(timeout);
    }

    /// <summary>Prints until the channel's end, or until no more are wanted.</summary>
    /// <exception cref="ConnectionException">The channel, or standard output, failed.</exception>
    internal async ValueTask RunAsync(MessageChannel channel, EndPoint? peer, CancellationToken cancellationToken)
    {
        using var wanted = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, _over.Token);
        try
        {
            while (await PrintNextAsync(channel, peer, wanted.Token, cancellationToken) is { } printed)
            {
                if (!printed && noWait)
                    return;
                if (!printed)
                    await channel.WaitToReceiveAsync(wanted.Token);
            }
        }
        catch (OperationCanceledException) when (_over.IsCancellationRequested)
        {
            // No more are wanted; a server that breaks off who is left then may be faster.
        }
    }

    /// <summary>What the end of it all is to a script.</summary>
    /// <exception cref="ConnectionException">Standard output failed, or nothing came in time.</exception>
    internal int Finish()
    {
        if (_outputFailure is not null)
            throw _outputFailure;
        if (_silence.IsCancellationRequested && !(IsSilenceEnough && Printed > 0))
            throw new ConnectionException(Step.Receive, Reason.TimedOut, _where, $"no message came for {timeout.TotalSeconds:0.###} s");
        if (noWait && Printed == 0 && !_hasLost)
            throw new ConnectionException(Step.Receive, Reason.TimedOut, _where, "no message is there");
        return _hasLost ? ExitCode.Failed : ExitCode.Done;
    }

    /// <summary>Says how many were printed.</summary>
    internal void Report()
        => StandardError.WriteLine($"{ParleyEndPoint.Format(_where)}: {Units.Count(Printed, "message")} received, {Units.Count(_bytes, "byte")}");

    public void Dispose()
    {
        _outputClosed.Dispose();
        _timedOut.Dispose();
        _silence.Dispose();
        _over.Dispose();
        _turn.Dispose();
    }

    /// <returns>Whether there was one; <see langword="null"/> at the end.</returns>
    private async ValueTask<bool?> PrintNextAsync(MessageChannel channel, EndPoint? peer, CancellationToken wanted, CancellationToken cut)
    {
        await _turn.WaitAsync(wanted);
        try
        {
            wanted.ThrowIfCancellationRequested();
            if (_buffer.Length < channel.MaxMessageSize)
                _buffer = GC.AllocateUninitializedArray<byte>(channel.MaxMessageSize);
            if (!channel.TryReceive(_buffer, out ReceivedMessage received))
                return false;
            if (received.IsEnd)
                return null;

            // A reader that takes its time is no silence, and what has begun is printed whole: only an interruption breaks it off.
            _silence.CancelAfter(Timeout.InfiniteTimeSpan);
            await PrintAsync(new Message(_buffer.AsMemory(0, received.Length), received.Header) { Delivery = received.Delivery }, peer, cut);
            if (received.Delivery is { } delivery)
                await delivery.AcknowledgeAsync(cut);
            if (timeout != Timeout.InfiniteTimeSpan)
                _silence.CancelAfter(timeout);
            _bytes += received.Length;
            if (++Printed == count)
                await _over.CancelAsync();
            return true;
        }
        finally
        {
            _turn.Release();
        }
    }

    private async ValueTask PrintAsync(Message message, EndPoint? peer, CancellationToken cancellationToken)
    {
        try
        {
            await printer.PrintAsync(message, peer, cancellationToken);
        }
        catch (Exception failure) when (failure is ConnectionException or OperationCanceledException)
        {
            bool isBack = await _undelivered.PutBackOrKeepAsync(message, peer ?? _where, failure is OperationCanceledException ? "it was interrupted while it was printed, and a part of it may be" : "standard output did not take it");
            _hasLost |= !isBack;
            if (failure is not ConnectionException broken)
                throw;

            // The next message would take with it what is left of this one, which was told to be undelivered: there is no next one.
            bool isClosed = MessagePrinter.IsOutputClosed(broken);
            if (!isClosed)
                _outputFailure = broken;
            await _over.CancelAsync();
            if (!isClosed)
                throw;

            // `| head` has what it wanted.
            _over.Token.ThrowIfCancellationRequested();
        }
    }
}
