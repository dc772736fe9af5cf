using System.IO.Pipelines;
using Parley.Cli.Output;
using Parley.Cli.Serving;

namespace Parley.Cli.Joining;

/// <summary>Joins a peer to standard input and output.</summary>
internal sealed class StandardStreamsJoin(Connection standard, Flow flow)
{
    private const string ErrorPipe = "EPIPE";

    /// <summary>Whether standard output is a screen, where a peer's control characters must not act.</summary>
    private readonly bool _escapes = !Console.IsOutputRedirected;

    /// <summary>Whether nobody reads standard output any more: whatever the peer could still say is not wanted.</summary>
    internal bool HasLostOutput { get; private set; }

    /// <summary>Whether it ended because nobody reads what is sent any more, before there was more to send: the peer's end knows what was lost.</summary>
    internal bool HasLostReader { get; private set; }

    /// <summary>Moves bytes until both sides have ended.</summary>
    /// <exception cref="ConnectionException">Either side broke off. A reader of standard output that has read enough is no failure.</exception>
    /// <returns>What ended sending early without being a failure: a program that has read enough; <see langword="null"/> otherwise.</returns>
    internal async Task<Exception?> RunAsync(Connection peer, CancellationToken cancellationToken)
    {
        using var outputGone = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        Task print = flow == Flow.SendOnly
            ? Discard.AllAsync(peer.Input, cancellationToken).AsTask()
            : PrintAsync(peer, outputGone, cancellationToken);

        // A peer that reads no more may still be saying something: printing goes on, and what was not sent is told at the end.
        Task<Exception?> send = flow == Flow.ReceiveOnly ? SendNothingAsync(peer) : SendAsync(peer, outputGone.Token, cancellationToken);
        await print.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);

        // Who types shall not go on talking to somebody who has left. A pipe or file is sent to its end: a peer that only half-closed reads it.
        if (print.IsCompletedSuccessfully && flow == Flow.Both && !Console.IsInputRedirected)
            await outputGone.CancelAsync();

        // A program that has exited hears nothing any more. It may exit later than its output ends.
        await using (peer.RemoteEndPoint is ProcessEndPoint ? peer.Closed.UnsafeRegister(static gone => ((CancellationTokenSource)gone!).Cancel(), outputGone) : default)
            await ((Task)send).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);

        // What broke standard input broke the peer off, and that is all that printing can tell.
        if (send.Exception?.InnerException is ConnectionException { EndPoint: StandardStreamsEndPoint })
            await send;
        await Task.WhenAll(print, send);
        return await send;
    }

    // A program waits for the end of its input; it is no server that might still be told something.
    private static async Task<Exception?> SendNothingAsync(Connection peer)
    {
        if (peer.RemoteEndPoint is ProcessEndPoint)
            await peer.CompleteWritesAsync(CancellationToken.None);
        return null;
    }

    private async Task PrintAsync(Connection peer, CancellationTokenSource outputGone, CancellationToken cancellationToken)
    {
        try
        {
            if (_escapes)
            {
                await PrintEscapedAsync(peer.Input, cancellationToken);
            }
            else
            {
                await ConnectionRelay.MoveAsync(peer, standard, cancellationToken);
                await standard.CompleteWritesAsync(cancellationToken);
            }
        }
        catch (ConnectionException failure) when (IsOutputClosed(failure))
        {
            // `| head` has what it wanted: whatever else would be said is not needed, and what we could still send neither.
            HasLostOutput = true;
            await outputGone.CancelAsync();
        }
        catch (ConnectionException)
        {
            await outputGone.CancelAsync();
            throw;
        }
    }

    private async ValueTask PrintEscapedAsync(PipeReader input, CancellationToken cancellationToken)
    {
        var escaper = new TerminalEscaper();
        while (true)
        {
            ReadResult result = await input.ReadAsync(cancellationToken);
            foreach (ReadOnlyMemory<byte> piece in result.Buffer)
                escaper.Append(piece.Span, standard.Output);
            await standard.Output.FlushAsync(cancellationToken);
            input.AdvanceTo(result.Buffer.End);
            if (result.IsCompleted)
                break;
        }

        escaper.Finish(standard.Output);
        await standard.Output.FlushAsync(cancellationToken);
    }

    private async Task<Exception?> SendAsync(Connection peer, CancellationToken outputGone, CancellationToken cancellationToken)
    {
        // Nothing is read of a FIFO that is written, so nothing there tells that its reader has gone while there is nothing to write.
        CancellationToken readerGone = peer.RemoteEndPoint is FifoEndPoint && flow == Flow.SendOnly ? peer.Closed : CancellationToken.None;
        using var enough = CancellationTokenSource.CreateLinkedTokenSource(outputGone, readerGone);
        try
        {
            await ConnectionRelay.CopyAsync(standard, peer, enough.Token);
            return null;
        }
        catch (ConnectionException failure) when (ChildProgram.HasReadEnough(failure))
        {
            return failure;
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            HasLostReader = readerGone.IsCancellationRequested;
            if (HasLostReader)
                throw new ConnectionException(Step.Write, Reason.Reset, peer.RemoteEndPoint, "the peer reads no more");

            // Otherwise printing has ended for good; its own failure, if it was one, is told there.
            return null;
        }
    }

    private static bool IsOutputClosed(ConnectionException failure)
        => failure.Step == Step.Write && failure.EndPoint is StandardStreamsEndPoint && failure.ErrorName == ErrorPipe;
}
