using System.Diagnostics;
using System.IO.Pipelines;
using System.Net.Sockets;

namespace Parley.Cli.Joining;

/// <summary>
/// Finds the client that <c>listen</c> is meant for: the first with whom a byte was exchanged, or who has nothing to say and still listens. One
/// that comes and goes without a word, as a port probe does, is let go, and what was meant for it stays for the next. Over TCP the two look
/// alike, and both are let go. Nobody probes a FIFO: its first client is the one.
/// </summary>
internal sealed class ClientSearch(ConnectionListener listener, Connection standard, Flow flow, long? rateLimit)
{
    private static readonly TimeSpan LongestProbe = TimeSpan.FromMilliseconds(250);

    private readonly long _started = Stopwatch.GetTimestamp();

    private bool TellsHalfCloses => listener.LocalEndPoint is UnixDomainSocketEndPoint or NamedPipeEndPoint or SharedMemoryEndPoint;

    /// <summary>Finds it, and stops listening.</summary>
    /// <exception cref="ConnectionException">Nobody came in time, or who came was idle for too long.</exception>
    internal async Task<Connection> FindAsync(TimeSpan timeout, CancellationToken cancellationToken)
    {
        Task<Connection> accept = AcceptAsync(cancellationToken);
        if (listener.LocalEndPoint is FifoEndPoint)
        {
            Connection first = await WithinAsync(accept, timeout);
            await listener.DisposeAsync();
            return first;
        }

        while (true)
        {
            Connection client = await WithinAsync(accept, timeout);
            accept = AcceptAsync(cancellationToken);
            bool hasBegun;
            try
            {
                hasBegun = await HasBegunAsync(client, accept, cancellationToken);
            }
            catch (ConnectionException idle)
            {
                client.Abort(idle);

                // Who has come meanwhile is meant then.
                if (!accept.IsCompletedSuccessfully)
                    throw;
                continue;
            }

            if (hasBegun)
            {
                await listener.DisposeAsync();
                await TurnAwayAsync(accept);
                return client;
            }

            _ = LetGoAsync(client);
        }
    }

    // In order: a client that had nothing to say hears an end, not a reset.
    private static async Task LetGoAsync(Connection client)
    {
        try
        {
            await client.DisposeAsync();
        }
        catch (ConnectionException)
        {
            // It has broken off, and is not the one.
        }
    }

    // Somebody else may have been accepted a moment ago: left open, it would wait for as long as this conversation lasts.
    private static async Task TurnAwayAsync(Task<Connection> accept)
    {
        try
        {
            (await accept).Abort();
        }
        catch (OperationCanceledException)
        {
            // Nobody came: the listener is gone.
        }
    }

    private async Task<bool> HasBegunAsync(Connection client, Task nextClient, CancellationToken cancellationToken)
    {
        Task<bool> heard = HearAsync(client, cancellationToken);
        if (flow == Flow.ReceiveOnly)
            return await heard;

        using var enough = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        Task<bool> said = SayAsync(client, heard, enough.Token);
        if (await Task.WhenAny(heard, said) == said)
        {
            if (!await said)
                return await heard;
            client.Input.CancelPendingRead();
            await heard;
            return true;
        }

        bool hasBegun = await heard;

        // Ended without a word? If it still listens it will hear what we say, unless somebody else comes first: then that one is meant.
        if (!hasBegun)
            await Task.WhenAny(said, nextClient);
        await enough.CancelAsync();
        standard.Input.CancelPendingRead();
        return await said || hasBegun;
    }

    /// <summary>Waits for the client's first byte and leaves it where it is.</summary>
    /// <returns>Whether there is one, or the client has said that there is none and still listens.</returns>
    /// <exception cref="ConnectionException">It has said nothing for as long as an idle timeout lets it.</exception>
    private static async Task<bool> HearAsync(Connection client, CancellationToken cancellationToken)
    {
        try
        {
            ReadResult result = await client.Input.ReadAsync(cancellationToken);
            client.Input.AdvanceTo(result.Buffer.Start, result.Buffer.Start);
            return result.Buffer.Length > 0 || client.HasHalfClosed;
        }
        catch (ConnectionException broken) when (!IsIdle(broken))
        {
            // Broken off before its first byte: somebody else is meant.
            return false;
        }
    }

    // A time that was asked for is over. A peer whose machine is gone has no other reason, and other words.
    private static bool IsIdle(ConnectionException broken)
        => broken.Reason == Reason.TimedOut && broken.Cause.StartsWith("no byte moved", StringComparison.Ordinal);

    /// <summary>Says the first of standard input, and takes it back if the client broke off before it arrived.</summary>
    /// <returns>Whether there was something to say, and it was not taken back; or there is nothing to say to one who stays.</returns>
    private async Task<bool> SayAsync(Connection client, Task heard, CancellationToken enough)
    {
        bool stays = false;
        ReadResult result = await standard.Input.ReadAsync(CancellationToken.None);
        ReadOnlyMemory<byte> first = result.Buffer.First;
        SequencePosition said = result.Buffer.Start;
        try
        {
            if (first.Length > 0)
            {
                await client.Output.WriteAsync(first, CancellationToken.None);
                await DeliverAsync(client, enough);
                said = result.Buffer.GetPosition(first.Length);
            }
            else if (result.IsCompleted)
            {
                // Once both sides have ended, a client looks like one that has closed: so its end comes before ours, if it comes at once.
                stays = TellsHalfCloses && await Task.WhenAny(heard, Task.Delay(LongestProbe, CancellationToken.None)) != heard;
                await client.CompleteWritesAsync(CancellationToken.None);
            }
        }
        catch (ConnectionException)
        {
            // Broken off before it had what we said: the next one shall have it.
            said = result.Buffer.Start;
            stays = false;
        }

        standard.Input.AdvanceTo(said, said);
        return stays || !said.Equals(result.Buffer.Start);
    }

    private static async Task DeliverAsync(Connection client, CancellationToken enough)
    {
        try
        {
            await client.WaitForDeliveryAsync(enough);
        }
        catch (OperationCanceledException)
        {
            // It has begun to speak: it is the one, and this arrives or fails as everything that follows it.
            return;
        }
    }

    private async Task<Connection> AcceptAsync(CancellationToken cancellationToken)
    {
        Connection client = await listener.AcceptAsync(cancellationToken) ?? throw new OperationCanceledException(cancellationToken);
        return rateLimit is long rate ? client.LimitRate(rate) : client;
    }

    private async Task<Connection> WithinAsync(Task<Connection> accept, TimeSpan timeout)
    {
        if (timeout == Timeout.InfiniteTimeSpan)
            return await accept;
        TimeSpan left = timeout - Stopwatch.GetElapsedTime(_started);
        try
        {
            return await accept.WaitAsync(left > TimeSpan.Zero ? left : TimeSpan.Zero);
        }
        catch (TimeoutException)
        {
            throw new ConnectionException(
                Step.Accept, Reason.TimedOut, listener.LocalEndPoint, $"no client came within {timeout.TotalSeconds:0.###} s");
        }
    }
}
