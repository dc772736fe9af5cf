using Parley.Transports;

namespace Parley;

/// <summary>
/// Receives the messages of a channel that gives them away for good, and keeps each in a file until it is acknowledged
/// (<see cref="ReceivedMessage.Delivery"/>). Those that were not are received again, in their order, from the same spool or by the next process that opens its
/// file. A full spool takes nothing from the source, and one that is to take a message longer than any before it waits until those that it has are acknowledged.
/// It sends nothing.
/// </summary>
/// <remarks>
/// <para>Safe for use by any number of threads. Nobody else should receive from the source, which the caller disposes after the spool.</para>
/// <para>A rejected message is removed from the file: who wants to keep it writes it elsewhere first. A message's priority is kept; its
/// <see cref="MessageHeader.Properties"/> only until the process ends, and <see cref="MessageHeader.Peer"/> not at all. One without a
/// <see cref="MessageHeader.MessageIdProperty"/> gets one that it keeps, in whatever process it is received again, and that no other message has.</para>
/// <para>Disposing leaves in the file what was not acknowledged; acknowledging it afterwards is an error.</para>
/// </remarks>
public abstract class MessageSpool : MessageChannel
{
    private protected MessageSpool()
    {
    }

    /// <summary>The name of the property that marks a message whose taking a crash interrupted, and whose length was found from its bytes.</summary>
    /// <remarks>
    /// The length is exact where the last byte can end text in UTF-8. Of other messages, bytes at the end that happen to equal the pattern that lay there before are
    /// missing: one byte in 256 such messages.
    /// </remarks>
    public const string RecoveredProperty = "x-parley-recovered";

    /// <summary>Messages in the file that are not acknowledged: those that were handed out, and those that wait to be.</summary>
    public abstract int Unacknowledged { get; }

    /// <summary>How many messages the file takes.</summary>
    public abstract int Capacity { get; }

    /// <summary>
    /// Messages that were found damaged when the spool was opened. They stay in the file, are not delivered, and take up their room until the file is removed.
    /// </summary>
    public abstract int Corrupt { get; }

    /// <summary>Messages whose taking a crash had interrupted, and that were found when the spool was opened (<see cref="RecoveredProperty"/>).</summary>
    public abstract int Recovered { get; }

    /// <summary>
    /// Takes messages into the file as they come, whether anybody receives them or not, as long as there is room: what is taken makes room for others in the source
    /// while those who should have it are away. Without it a message is taken when somebody receives. One call at a time.
    /// </summary>
    /// <param name="cancellationToken">Ends it.</param>
    /// <returns>A task that is completed when the source has ended.</returns>
    /// <exception cref="ConnectionException"><see cref="Step.Receive"/>: the source failed, or the spool was disposed.</exception>
    public abstract Task FillAsync(CancellationToken cancellationToken = default);

    /// <summary>Opens a spool, and finds what its file holds.</summary>
    /// <param name="source">Where messages come from; a channel whose messages need no acknowledgement.</param>
    /// <param name="options">Where they are kept, and how many.</param>
    /// <returns>The spool; the caller disposes it, and the source after it.</returns>
    /// <exception cref="ConnectionException">
    /// <see cref="Step.Open"/>, with <see cref="Reason.InUse"/>: another has the spool open; <see cref="Reason.Denied"/>: the file is another
    /// user's, or open to others, or a link; <see cref="Reason.Corrupt"/>: it is no spool; <see cref="Reason.Full"/>: the device has less room than the spool
    /// takes; <see cref="Reason.TooLarge"/>: the file holds messages, and its slots are too small for the source's, which cannot be made larger for a queue or UDP.
    /// </exception>
    /// <exception cref="ArgumentOutOfRangeException">
    /// The capacity is out of its range, or too small for one message of a queue or of UDP. A message of another source that is too long for it stays there, and
    /// receiving it fails with <see cref="Reason.TooLarge"/>.
    /// </exception>
    /// <exception cref="PlatformNotSupportedException">The system is not Linux.</exception>
    public static MessageSpool Open(MessageChannel source, MessageSpoolOptions options)
    {
        ArgumentNullException.ThrowIfNull(source);
        ArgumentNullException.ThrowIfNull(options);
        return TransportSelector.OpenSpool(source, options.Snapshot());
    }
}
