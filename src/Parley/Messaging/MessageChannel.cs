using System.Diagnostics.CodeAnalysis;
using System.Net;
using System.Numerics;
using System.Runtime.CompilerServices;
using Parley.Transports;

namespace Parley;

/// <summary>Carries whole messages: each arrives as it was sent, or not at all. A message of no bytes is one too.</summary>
/// <remarks>Any number of threads may send and receive at the same time; each message goes to one receiver.</remarks>
public abstract class MessageChannel : IAsyncDisposable
{
    // More than that is taken when a message needs it: in shared memory the longest that there can be has up to 512 MiB.
    private const int MostAtFirst = 1024 * 1024;

    // So many in a row that would have fitted into the first buffer: what is longer has become rare enough to be paid for each time.
    private const int ShortOnesUntilSmaller = 128;

    /// <summary>This side's endpoint: of a queue its name, of a bound UDP socket its address.</summary>
    public abstract EndPoint? LocalEndPoint { get; }

    /// <summary>The peer's endpoint, where the channel is connected to one.</summary>
    public abstract EndPoint? RemoteEndPoint { get; }

    /// <summary>The longest message that can be sent, in bytes; a buffer of that size takes any that is received.</summary>
    public abstract int MaxMessageSize { get; }

    /// <summary>The highest priority; 0 where the channel has none.</summary>
    public virtual int MaxPriority => 0;

    /// <summary>What has been moved so far. Safe from any thread.</summary>
    public abstract MessageStatistics Statistics { get; }

    /// <summary>Sends a message; waits while the channel is full.</summary>
    /// <param name="message">Its bytes; not to be changed until the call is over.</param>
    /// <param name="cancellationToken">Gives up waiting; nothing was sent then.</param>
    /// <exception cref="ConnectionException">
    /// <see cref="Step.Send"/>: with <see cref="Reason.TooLarge"/> before anything is sent, or what else went wrong.
    /// </exception>
    public ValueTask SendAsync(ReadOnlyMemory<byte> message, CancellationToken cancellationToken = default)
        => SendAsync(message, default, cancellationToken);

    /// <summary>Sends a message; waits while the channel is full.</summary>
    /// <param name="message">Its bytes; not to be changed until the call is over.</param>
    /// <param name="header">Its priority, and whom it is to, where the channel has such a thing.</param>
    /// <param name="cancellationToken">Gives up waiting; nothing was sent then.</param>
    /// <exception cref="ConnectionException">
    /// <see cref="Step.Send"/>: with <see cref="Reason.TooLarge"/> before anything is sent, or what else went wrong.
    /// </exception>
    /// <exception cref="ArgumentOutOfRangeException">The priority is out of the channel's range.</exception>
    public abstract ValueTask SendAsync(ReadOnlyMemory<byte> message, MessageHeader header, CancellationToken cancellationToken = default);

    /// <summary>Sends a message if there is room for it now.</summary>
    /// <param name="message">Its bytes.</param>
    /// <param name="header">Its priority, and whom it is to, where the channel has such a thing.</param>
    /// <returns><see langword="false"/> when the channel is full: nothing was sent.</returns>
    /// <exception cref="ConnectionException"><see cref="Step.Send"/>, as with <see cref="SendAsync(ReadOnlyMemory{byte}, MessageHeader, CancellationToken)"/>.</exception>
    public abstract bool TrySend(ReadOnlySpan<byte> message, MessageHeader header = default);

    /// <summary>Receives a message; waits for one.</summary>
    /// <param name="buffer">Where to; one of <see cref="MaxMessageSize"/> takes any.</param>
    /// <param name="cancellationToken">Gives up waiting; no message is lost by it.</param>
    /// <returns>What was received, or the end.</returns>
    /// <exception cref="ConnectionException">
    /// <see cref="Step.Receive"/>: with <see cref="Reason.TooLarge"/> when the message is longer than the buffer; it stays in the channel
    /// but for UDP, where it is lost.
    /// </exception>
    public abstract ValueTask<ReceivedMessage> ReceiveAsync(Memory<byte> buffer, CancellationToken cancellationToken = default);

    /// <summary>Receives a message if one is there now.</summary>
    /// <param name="buffer">Where to.</param>
    /// <param name="received">What was received, or the end.</param>
    /// <returns><see langword="false"/> when there is none.</returns>
    /// <exception cref="ConnectionException"><see cref="Step.Receive"/>, as with <see cref="ReceiveAsync"/>.</exception>
    public abstract bool TryReceive(Span<byte> buffer, out ReceivedMessage received);

    /// <summary>
    /// Waits until there is room for a message, without sending one. Another sender may be faster, so a send that follows may wait all the same.
    /// </summary>
    /// <param name="cancellationToken">Gives up waiting.</param>
    /// <exception cref="ConnectionException"><see cref="Step.Send"/>: there will never be room again.</exception>
    public abstract ValueTask WaitToSendAsync(CancellationToken cancellationToken = default);

    /// <summary>
    /// Waits until a message, or the end, is there, without taking it. Another receiver may be faster.
    /// </summary>
    /// <param name="cancellationToken">Gives up waiting.</param>
    /// <exception cref="ConnectionException"><see cref="Step.Receive"/>: none will come, and there is no clean end.</exception>
    public abstract ValueTask WaitToReceiveAsync(CancellationToken cancellationToken = default);

    /// <summary>
    /// Sends a message from a thread that may be blocked: looks for room for <see cref="MessageChannelOptions.SpinTime"/>, then sleeps.
    /// </summary>
    /// <param name="message">Its bytes.</param>
    /// <param name="header">Its priority, and whom it is to, where the channel has such a thing.</param>
    /// <param name="timeout">How long to wait; <see cref="Timeout.InfiniteTimeSpan"/> as long as it takes.</param>
    /// <exception cref="ConnectionException"><see cref="Step.Send"/>: with <see cref="Reason.TimedOut"/> when the time is over.</exception>
    public virtual void Send(ReadOnlySpan<byte> message, MessageHeader header, TimeSpan timeout)
    {
        var waits = new BlockingWaits(this, timeout);
        while (!TrySend(message, header))
            waits.ForRoom();
        waits.End(ref RoomLook);
    }

    /// <summary>
    /// Receives a message on a thread that may be blocked: looks for one for <see cref="MessageChannelOptions.SpinTime"/>, then sleeps.
    /// </summary>
    /// <param name="buffer">Where to.</param>
    /// <param name="timeout">How long to wait; <see cref="Timeout.InfiniteTimeSpan"/> as long as it takes.</param>
    /// <returns>What was received, or the end.</returns>
    /// <exception cref="ConnectionException"><see cref="Step.Receive"/>: with <see cref="Reason.TimedOut"/> when the time is over.</exception>
    public virtual ReceivedMessage Receive(Span<byte> buffer, TimeSpan timeout)
    {
        var waits = new BlockingWaits(this, timeout);
        ReceivedMessage received;
        while (!TryReceive(buffer, out received) && !waits.ForMessage(buffer, out received))
        {
        }

        waits.End(ref MessageLook);
        return received;
    }

    /// <summary>Sends several messages, in order, with as few system calls as the channel can; waits while it is full.</summary>
    /// <param name="messages">The messages.</param>
    /// <param name="header">What goes with each of them.</param>
    /// <param name="cancellationToken">Gives up waiting; some may have been sent: <see cref="Statistics"/> says how many.</param>
    /// <exception cref="ConnectionException"><see cref="Step.Send"/>; those before the one that failed were sent.</exception>
    public virtual async ValueTask SendBatchAsync(
        ReadOnlyMemory<ReadOnlyMemory<byte>> messages, MessageHeader header = default, CancellationToken cancellationToken = default)
    {
        for (int i = 0; i < messages.Length; i++)
            await SendAsync(messages.Span[i], header, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Waits for a message, and receives it and those that have come as well, with as few system calls as the channel can.</summary>
    /// <param name="batch">Where to; what it held is gone.</param>
    /// <param name="cancellationToken">Gives up waiting; no message is lost by it.</param>
    /// <returns>How many were received, 1 or more; 0 at the end.</returns>
    /// <exception cref="ConnectionException"><see cref="Step.Receive"/>, for the first message; what goes wrong with a later one is told by the next call.</exception>
    public virtual async ValueTask<int> ReceiveBatchAsync(MessageBatch batch, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(batch);
        batch.Clear();
        ReceivedMessage first = await ReceiveAsync(batch.Room(0), cancellationToken).ConfigureAwait(false);
        if (first.IsEnd)
            return 0;
        batch.Add(first);
        return batch.Count;
    }

    /// <summary>
    /// Sends the messages that a batch holds, in order, from a thread that may be blocked: those that were added to it, or that it has received from another channel. With as few
    /// system calls as the channel can; in shared memory small messages go about half again as fast as one by one.
    /// </summary>
    /// <param name="batch">The messages; not to be changed until the call is over. It still holds them then.</param>
    /// <param name="header">What goes with each of them; what has come with one that was received does not.</param>
    /// <param name="timeout">How long to wait for room; <see cref="Timeout.InfiniteTimeSpan"/> as long as it takes.</param>
    /// <exception cref="ConnectionException">
    /// <see cref="Step.Send"/>: with <see cref="Reason.TimedOut"/> when the time is over. Those before the one that failed were sent: <see cref="Statistics"/> says how
    /// many.
    /// </exception>
    public virtual void SendBatch(MessageBatch batch, MessageHeader header, TimeSpan timeout)
    {
        ArgumentNullException.ThrowIfNull(batch);
        BlockingCall.Wait(this, Step.Send, timeout, (Channel: this, Batch: batch, Header: header), static async (call, cancellationToken) =>
        {
            await call.Channel.SendBatchAsync(call.Batch.Bodies(), call.Header, cancellationToken).ConfigureAwait(false);
            return call.Batch.Count;
        });
    }

    /// <summary>Receives a message on a thread that may be blocked, and those that have come as well. What the channel can it does with one call of the system.</summary>
    /// <param name="batch">Where to; what it held is gone.</param>
    /// <param name="timeout">How long to wait for the first; <see cref="Timeout.InfiniteTimeSpan"/> as long as it takes.</param>
    /// <returns>How many were received, 1 or more; 0 at the end.</returns>
    /// <exception cref="ConnectionException">
    /// <see cref="Step.Receive"/>, for the first message: with <see cref="Reason.TimedOut"/> when the time is over. What goes wrong with a later one is told by the next call.
    /// </exception>
    public virtual int ReceiveBatch(MessageBatch batch, TimeSpan timeout)
    {
        ArgumentNullException.ThrowIfNull(batch);
        return BlockingCall.Wait(
            this, Step.Receive, timeout, (Channel: this, Batch: batch), static (call, cancellationToken) => call.Channel.ReceiveBatchAsync(call.Batch, cancellationToken));
    }

    /// <summary>Every message as it comes, until the end.</summary>
    /// <param name="cancellationToken">Ends it with an exception.</param>
    /// <returns>
    /// Messages in one buffer that is used again: each is valid until the next one is asked for. That acknowledges it, where the channel waits to be told
    /// (<see cref="MessageDelivery"/>): one at which the loop is left is delivered again.
    /// </returns>
    /// <exception cref="ConnectionException"><see cref="Step.Receive"/>, as with <see cref="ReceiveAsync"/>.</exception>
    public async IAsyncEnumerable<Message> ReceiveAllAsync([EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        int atFirst = Math.Min(MaxMessageSize, MostAtFirst);
        byte[] buffer = GC.AllocateUninitializedArray<byte>(atFirst);
        int shortOnes = 0;
        while (true)
        {
            ReceivedMessage received;
            try
            {
                received = await ReceiveAsync(buffer, cancellationToken).ConfigureAwait(false);
            }
            catch (ConnectionException longer) when (MayFitMore(longer, buffer.Length))
            {
                buffer = GC.AllocateUninitializedArray<byte>(RoomFor(longer));
                continue;
            }

            if (received.IsEnd)
                yield break;
            yield return new Message(buffer.AsMemory(0, received.Length), received.Header) { Delivery = received.Delivery };
            if (received.Delivery is { } delivery)
                await delivery.AcknowledgeAsync(cancellationToken).ConfigureAwait(false);

            // The longest message ever must not be what is held for good.
            if (buffer.Length == atFirst)
                continue;
            shortOnes = received.Length <= atFirst ? shortOnes + 1 : 0;
            if (shortOnes < ShortOnesUntilSmaller)
                continue;
            buffer = GC.AllocateUninitializedArray<byte>(atFirst);
            shortOnes = 0;
        }
    }

    /// <summary>Says that no more is sent, where the channel can: its peer receives the end after the last message.</summary>
    /// <param name="cancellationToken">Gives up waiting for what was sent to be taken.</param>
    /// <returns>A task that is completed then; at once for a queue and for UDP, which have no end.</returns>
    /// <exception cref="ConnectionException">The peer is gone; for UDP, a datagram was refused, and no call has told so yet.</exception>
    public virtual ValueTask CompleteSendsAsync(CancellationToken cancellationToken = default) => ValueTask.CompletedTask;

    /// <summary>Ends every wait, gracefully ends the conversation where there is one, and closes. Disposing again does nothing.</summary>
    /// <exception cref="ConnectionException">Messages that were sent could not be delivered, where the channel can tell.</exception>
    public abstract ValueTask DisposeAsync();

    /// <summary>Whether a message that did not fit is still there for a larger buffer.</summary>
    internal bool MayFitMore(ConnectionException failure, int room)
        => failure is { Reason: Reason.TooLarge, UndeliveredBytes: 0, IsOverLimit: false } && room < MaxMessageSize;

    /// <summary>How large a buffer is to be after a message did not fit: more than that one needs, for the next may be a little longer.</summary>
    internal int RoomFor(ConnectionException tooLarge)
        => tooLarge.MessageLength == 0 ? MaxMessageSize : (int)Math.Min(BitOperations.RoundUpToPowerOf2((uint)tooLarge.MessageLength), (uint)MaxMessageSize);

    /// <summary>For channels without priorities.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The message is to have one.</exception>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static void RefusePriority(in MessageHeader header)
    {
        if (header.Priority != 0)
            ThrowPriority();
    }

    [DoesNotReturn]
    private static void ThrowPriority()
        => throw new ArgumentOutOfRangeException("header", "The channel has no priorities: every message has that of 0.");

    /// <summary>Throws where what is sent would reach nobody who asks for it by its name.</summary>
    /// <exception cref="ConnectionException"><see cref="Step.Send"/>, with <see cref="Reason.NotFound"/>: the name is gone.</exception>
    internal virtual void ThrowIfRemoved()
    {
    }

    /// <summary>Waits until the system has what was sent, where a send may be over before that, and tells what it has heard of it since.</summary>
    internal virtual ValueTask WaitUntilTakenAsync(CancellationToken cancellationToken) => ValueTask.CompletedTask;

    /// <summary>Blocks the calling thread in the kernel until a message may be there, or the time is over; may return early.</summary>
    /// <returns><see langword="false"/> where only the event loop can wait.</returns>
    internal virtual bool TryBlockUntilMessage(TimeSpan timeout) => false;

    /// <summary>Receives in one system call that sleeps in the kernel as long as it takes.</summary>
    /// <returns><see langword="false"/> where that cannot be done, at least now.</returns>
    internal virtual bool TryReceiveBlocked(Span<byte> buffer, out ReceivedMessage received)
    {
        received = default;
        return false;
    }

    /// <summary>Whether the kernel writes a message's priority before its bytes, straight to where <see cref="TryReceive(Span{byte}, ref uint, out ReceivedMessage)"/> is told.</summary>
    internal virtual bool IsPriorityFirst => false;

    /// <summary>
    /// Receives a message, if one is there now, into room for the longest. Nothing lies between the kernel and that room where <see cref="IsPriorityFirst"/>.
    /// </summary>
    internal virtual bool TryReceive(Span<byte> room, ref uint priority, out ReceivedMessage received) => TryReceive(room, out received);

    /// <summary>Whether looking for room before sleeping pays here.</summary>
    internal BriefPoll RoomLook;

    /// <summary>Whether looking for a message before sleeping pays here.</summary>
    internal BriefPoll MessageLook;

    /// <summary>How long a blocking call looks before it sleeps.</summary>
    internal virtual TimeSpan SpinTime => TimeSpan.Zero;

    /// <summary>
    /// Opens a channel to an endpoint: an existing queue, a UDP socket that sends there and hears its answers, shared memory whose server deals in messages
    /// (<see cref="MessageChannelListener"/>), or a connection that is made and carries messages by <see cref="MessageChannelOptions.Framing"/>.
    /// </summary>
    /// <param name="remote">Where to.</param>
    /// <param name="options">How; <see langword="null"/> for the defaults.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>The channel; the caller disposes it.</returns>
    /// <exception cref="ConnectionException">It could not be opened: the step and the reason are in it.</exception>
    /// <exception cref="ArgumentException">The endpoint is of a kind that carries no messages, or an option is out of its range.</exception>
    /// <exception cref="PlatformNotSupportedException">The endpoint needs another operating system.</exception>
    public static ValueTask<MessageChannel> OpenAsync(
        EndPoint remote, MessageChannelOptions? options = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(remote);
        return TransportSelector.OpenAsync(remote, (options ?? new MessageChannelOptions()).Snapshot(), cancellationToken);
    }

    /// <summary>
    /// Opens the receiving end of an endpoint that has one: a UDP socket with that address. A queue is the same from both sides. A stream is
    /// listened on with <see cref="ConnectionListener"/>, and each client made a channel by <c>Over</c>.
    /// </summary>
    /// <param name="local">The address; port 0 lets the system choose.</param>
    /// <param name="options">How; <see langword="null"/> for the defaults.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>The channel; the caller disposes it.</returns>
    /// <exception cref="ConnectionException">It could not be opened: the step and the reason are in it.</exception>
    /// <exception cref="ArgumentException">The endpoint is of a kind that carries no messages, or an option is out of its range.</exception>
    /// <exception cref="PlatformNotSupportedException">The endpoint needs another operating system.</exception>
    public static ValueTask<MessageChannel> BindAsync(
        EndPoint local, MessageChannelOptions? options = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(local);
        return TransportSelector.BindChannelAsync(local, (options ?? new MessageChannelOptions()).Snapshot(), cancellationToken);
    }

    /// <summary>Carries messages over a connection. From then on nobody else uses its input and output.</summary>
    /// <param name="connection">The connection.</param>
    /// <param name="framing">How messages are told apart; the peer does the same.</param>
    /// <param name="maxMessageSize">The longest message in either direction, in bytes. Default 1 MiB; 0 to 1 GiB.</param>
    /// <param name="leaveOpen">Whether disposing the channel leaves the connection open. Default <see langword="false"/>.</param>
    /// <returns>The channel, as <see cref="Over(Connection, MessageChannelOptions, bool)"/> describes it.</returns>
    /// <exception cref="ArgumentOutOfRangeException">
    /// The framing is <see cref="MessageFraming.None"/> or unknown, or the size is out of its range.
    /// </exception>
    public static MessageChannel Over(Connection connection, MessageFraming framing, int maxMessageSize = 1024 * 1024, bool leaveOpen = false)
        => Over(connection, new MessageChannelOptions { Framing = framing, MaxMessageSize = maxMessageSize }, leaveOpen);

    /// <summary>Carries messages over a connection. From then on nobody else uses its input and output.</summary>
    /// <remarks>
    /// <para>A message is sent once it is in the connection's writer, and is flushed at once; while the system does not take all of it the channel
    /// is full, so memory holds one message that was sent at most, or 64 KiB and one of a batch. A send that is cancelled has sent nothing, and
    /// none is ever sent in part. What goes wrong with a message that was sent is thrown by the next call, or by disposing.</para>
    /// <para>A message that contains the delimiter (<see cref="MessageFraming.Line"/>, <see cref="MessageFraming.Nul"/>) cannot be sent:
    /// <see cref="Reason.Corrupt"/>. A message that is received and longer than allowed is refused before memory is taken for it:
    /// <see cref="Reason.TooLarge"/>. A stream that ends within a message, or a last line without its line feed, is
    /// <see cref="Reason.Corrupt"/>. After either of them nothing more is received: each call throws the same.</para>
    /// <para>Disposing ends the conversation as <see cref="Connection.DisposeAsync"/> does. Where the connection is left open, what was
    /// sent and not yet taken goes with its next flush, and what was not received is in its input.</para>
    /// </remarks>
    /// <param name="connection">The connection.</param>
    /// <param name="options">
    /// <see cref="MessageChannelOptions.Framing"/>, which the peer does the same, <see cref="MessageChannelOptions.MaxMessageSize"/> and
    /// <see cref="MessageChannelOptions.SpinTime"/>; the others are of no use here.
    /// </param>
    /// <param name="leaveOpen">Whether disposing the channel leaves the connection open. Default <see langword="false"/>.</param>
    /// <returns>The channel; disposing it disposes the connection.</returns>
    /// <exception cref="ArgumentOutOfRangeException">
    /// The framing is <see cref="MessageFraming.None"/> or unknown, or another option is out of its range.
    /// </exception>
    public static MessageChannel Over(Connection connection, MessageChannelOptions options, bool leaveOpen = false)
    {
        ArgumentNullException.ThrowIfNull(connection);
        ArgumentNullException.ThrowIfNull(options);
        MessageChannelOptions copy = options.Snapshot();
        if (copy.Framing == MessageFraming.None)
            throw new ArgumentOutOfRangeException(nameof(options), copy.Framing, "Messages on a stream need a framing.");
        return new FramedChannel(connection, copy, leaveOpen);
    }

    /// <summary>Two ends of one conversation of messages within this process, for tests. They have priorities as a queue has.</summary>
    /// <param name="capacity">How many messages wait in each direction at most; 1 or more.</param>
    /// <param name="maxMessageSize">The longest message, in bytes; 0 or more.</param>
    /// <returns>What one end sends, the other receives.</returns>
    public static (MessageChannel First, MessageChannel Second) CreatePair(int capacity = 10, int maxMessageSize = 8192)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(capacity, 1);
        ArgumentOutOfRangeException.ThrowIfNegative(maxMessageSize);
        return TransportSelector.CreateChannelPair(capacity, maxMessageSize);
    }
}
