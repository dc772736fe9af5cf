using System.Diagnostics.CodeAnalysis;
using System.Net;
using Parley.Cli.Serving;

namespace Parley.Cli.Messages;

/// <summary>Messages to a peer over a connection. What the peer answers is read and dropped, for it would stop hearing otherwise.</summary>
[SuppressMessage("Design", "CA1001", Justification = "A source that nobody waits on holds nothing of the system's, and a late end of the peer may still cancel it.")]
internal sealed class StreamMessages
{
    private readonly CancellationTokenSource _gone = new();
    private readonly Connection _connection;
    private readonly bool _isProgram;

    private StreamMessages(Connection connection, EndPoint peer, MessageChannelOptions options)
    {
        _connection = connection;
        _isProgram = peer is ProcessEndPoint;
        Channel = MessageChannel.Over(connection, options);
    }

    internal MessageChannel Channel { get; }

    /// <summary>
    /// Cancelled when the peer has ended. It may still be hearing, but that cannot be known, and what would be sent to one that is gone is lost.
    /// A program may close its output and go on hearing; of a FIFO, nothing is heard.
    /// </summary>
    internal CancellationToken Gone => _gone.Token;

    internal static StreamMessages Open(Connection connection, EndPoint peer, MessageChannelOptions options)
    {
        var messages = new StreamMessages(connection, peer, options);
        connection.Closed.UnsafeRegister(static gone => ((CancellationTokenSource)gone!).Cancel(), messages._gone);
        if (peer is not FifoEndPoint { WritePath: null })
            _ = messages.DropAnswersAsync(isEndOfAll: peer is not ProcessEndPoint);
        return messages;
    }

    /// <summary>Ends after the last message, and waits for the peer to take them.</summary>
    /// <returns>The exit code of a program; <see langword="null"/> for another peer.</returns>
    /// <exception cref="ConnectionException">It did not take them all.</exception>
    internal async ValueTask<int?> EndAsync(CancellationToken cancellationToken)
    {
        await Channel.CompleteSendsAsync(cancellationToken);

        // The kernel goes on delivering what it has, also when this process is gone; a program would be left behind.
        await Channel.DisposeAsync().AsTask().WaitAsync(_isProgram ? CancellationToken.None : cancellationToken);
        return _connection.TryGetExitCode(out int code) ? code : null;
    }

    /// <summary>Closes after a failure, and waits for a program to end.</summary>
    /// <returns>Its exit code; <see langword="null"/> for another peer.</returns>
    internal async ValueTask<int?> EndBrokenAsync()
    {
        try
        {
            await Channel.DisposeAsync();
        }
        catch (ConnectionException)
        {
            // The failure that led here is the one that is told.
        }

        return _connection.TryGetExitCode(out int code) ? code : null;
    }

    private async Task DropAnswersAsync(bool isEndOfAll)
    {
        try
        {
            await Discard.AllAsync(_connection.Input, CancellationToken.None);
        }
        catch (Exception broken) when (broken is ConnectionException or InvalidOperationException or ObjectDisposedException)
        {
            // Whoever sends is told of it, and so is whoever closes.
            isEndOfAll = true;
        }

        if (isEndOfAll)
            await _gone.CancelAsync();
    }
}
