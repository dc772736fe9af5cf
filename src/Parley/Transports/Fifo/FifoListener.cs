using System.Net;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Parley.Interop.Linux;
using Parley.Transports.Descriptors;

namespace Parley.Transports.Fifo;

/// <summary>
/// Serves one client after the other. A FIFO knows no clients, only bytes: so the next one is not taken before the last one is gone.
/// </summary>
internal sealed class FifoListener : ConnectionListener
{
    private static readonly TimeSpan PauseAtLimit = TimeSpan.FromMilliseconds(50);

    private readonly FifoEndPoint _endPoint;
    private readonly FifoOpening _opening;
    private readonly ListenerOptions _options;
    private readonly ILogger _logger;
    private readonly CancellationTokenSource _stopped = new();
    private readonly SemaphoreSlim _turn = new(1);

    // Held from client to client: a pipe that nobody has open forgets what a quick writer has put into it meanwhile.
    private DescriptorHandle? _kept;
    private FifoConnection? _last;
    private readonly FifoReaders? _readers;
    private bool _hasLeftover;
    private bool _hasMet;
    private int _disposed;

    private FifoListener(FifoEndPoint endPoint, FifoOpening opening, DescriptorHandle? kept, FifoReaders? readers, ListenerOptions options)
    {
        _endPoint = endPoint;
        _opening = opening;
        _kept = kept;
        _readers = readers;
        _options = options;
        _logger = options.LoggerFactory?.CreateLogger("Parley.Listener") ?? (ILogger)NullLogger.Instance;
    }

    public override EndPoint LocalEndPoint => _endPoint;

    internal static FifoListener Bind(FifoEndPoint endPoint, ConnectionDirection ways, ListenerOptions options)
    {
        var opening = new FifoOpening(endPoint, ways, options);
        FifoReaders? readers = opening.Writes ? FifoReaders.Watch(endPoint, opening.WritePath, options) : null;
        try
        {
            return new FifoListener(endPoint, opening, opening.Reads ? opening.OpenToRead() : null, readers, options);
        }
        catch
        {
            readers?.Dispose();
            throw;
        }
    }

    public override async ValueTask<Connection?> AcceptAsync(CancellationToken cancellationToken = default)
    {
        cancellationToken.ThrowIfCancellationRequested();
        if (_stopped.IsCancellationRequested)
            return await AcceptIfThereAsync(cancellationToken).ConfigureAwait(false);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, _stopped.Token);
        try
        {
            await _turn.WaitAsync(either.Token).ConfigureAwait(false);
            return await AcceptNextAsync(Deadline.Never, either.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return await AcceptIfThereAsync(cancellationToken).ConfigureAwait(false);
        }
    }

    public override ValueTask StopAsync(CancellationToken cancellationToken = default)
    {
        _stopped.Cancel();

        // No further writer is wanted: a conversation that would have had it too ends with the writers that there are.
        Volatile.Read(ref _last)?.StopFollowing();
        return ValueTask.CompletedTask;
    }

    public override ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _disposed, 1) == 0)
        {
            _stopped.Cancel();
            Interlocked.Exchange(ref _kept, null)?.Dispose();
            _readers?.Dispose();
        }

        return ValueTask.CompletedTask;
    }

    /// <summary>Takes the client that is there already, if one is, and there is no other before it.</summary>
    private async ValueTask<Connection?> AcceptIfThereAsync(CancellationToken cancellationToken)
    {
        if (Volatile.Read(ref _disposed) != 0 || _hasLeftover || _readers is { AreThere: true } || !_turn.Wait(0, CancellationToken.None))
            return null;
        try
        {
            return await AcceptNextAsync(System.Diagnostics.Stopwatch.GetTimestamp(), cancellationToken).ConfigureAwait(false);
        }
        catch (ConnectionException nobody) when (nobody is { Step: Step.Open, Reason: Reason.TimedOut })
        {
            return null;
        }
    }

    // The turn is given back by the connection's end, or here if there is none.
    private async ValueTask<Connection> AcceptNextAsync(long due, CancellationToken cancellationToken)
    {
        try
        {
            while (true)
            {
                try
                {
                    return Take(await OpenNextAsync(due, cancellationToken).ConfigureAwait(false));
                }
                catch (ConnectionException limit) when (limit.Reason == Reason.Limit)
                {
                    ListenerLog.AcceptingPaused(_logger, ParleyEndPoint.Format(_endPoint), limit.Cause);
                    await Task.Delay(PauseAtLimit, cancellationToken).ConfigureAwait(false);
                }
            }
        }
        catch
        {
            _turn.Release();
            throw;
        }
    }

    private async ValueTask<FifoConnection> OpenNextAsync(long due, CancellationToken cancellationToken)
    {
        try
        {
            if (_hasLeftover)
                await DropLeftoverAsync(cancellationToken).ConfigureAwait(false);
            if (_readers is { AreThere: true })
                await _readers.AwaitEndAsync(cancellationToken).ConfigureAwait(false);

            // The first writer may have come, and gone without a word, before anybody accepted. Of later ones the end that is kept tells no more.
            return await _opening.OpenAsync(
                due, waitsForWriter: true, cancellationToken, _hasMet || _opening.Writes ? null : _kept, _readers).ConfigureAwait(false);
        }
        catch (ObjectDisposedException)
        {
            // The listener was disposed meanwhile: nobody comes any more.
            throw new OperationCanceledException(cancellationToken);
        }
    }

    private FifoConnection Take(FifoConnection connection)
    {
        try
        {
            _readers?.Meet(connection);
            if (_opening.Reads)
                KeepOpen(connection.ReadDescriptor.Handle);
        }
        catch (ConnectionException failure)
        {
            connection.Abort(failure);
            throw;
        }

        _hasMet = true;
        Volatile.Write(ref _last, connection);
        Interlocked.MemoryBarrier();
        if (_stopped.IsCancellationRequested)
            connection.StopFollowing();
        connection.Ended = () =>
        {
            _hasLeftover = _opening.Reads && !connection.PeerEnded;
            _turn.Release();
        };
        return connection;
    }

    /// <summary>Keeps open what the client was met at. Another FIFO may have been put into its place since the last one.</summary>
    private void KeepOpen(DescriptorHandle read)
    {
        if (Volatile.Read(ref _kept) is not { } before || FifoFile.AreSame(before, read))
            return;
        DescriptorHandle now = _opening.OpenToRead(read);
        if (Interlocked.CompareExchange(ref _kept, now, before) == before)
            before.Dispose();
        else
            now.Dispose();
    }

    /// <summary>Reads what the last client still says, and drops it, until it has gone.</summary>
    private async ValueTask DropLeftoverAsync(CancellationToken cancellationToken)
    {
        // What stands at the path now may be another one, in which nothing is left.
        using DescriptorHandle read = _opening.OpenToRead(_kept ?? throw new OperationCanceledException(cancellationToken));
        var descriptor = new Descriptor(read, EventLoop.Shared, _options.RunContinuationsInline);
        try
        {
            while (true)
            {
                descriptor.Readable.Forget();
                FifoFile.Drop(read, out bool isOver);
                if (isOver)
                    break;
                if (await descriptor.WaitReadableAsync(Deadline.Never, cancellationToken).ConfigureAwait(false) == WaitResult.Canceled)
                    throw new OperationCanceledException(cancellationToken);
            }
        }
        finally
        {
            descriptor.Close();
        }

        _hasLeftover = false;
    }
}
