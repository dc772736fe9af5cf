using System.Net;

namespace Parley;

/// <summary>
/// How a message channel is opened and how it behaves. What it inherits applies to a channel over a stream, and where another one has
/// such a thing. Copied and checked when it is used.
/// </summary>
/// <remarks>Not safe for use by several threads while it is being changed.</remarks>
public sealed class MessageChannelOptions : ConnectionOptions
{
    /// <summary>Makes options with the defaults.</summary>
    public MessageChannelOptions()
    {
    }

    /// <summary>How messages are told apart, for an endpoint that carries a stream. Default <see cref="MessageFraming.None"/>: such an endpoint is refused.</summary>
    public MessageFraming Framing { get; set; }

    /// <summary>
    /// The longest message over a stream, in bytes: a longer one is an error before memory is taken for it. Default 1 MiB; 0 to 1 GiB. A
    /// queue, UDP and shared memory have limits of their own, which this does not change. In shared memory that is half of the ring less 8 bytes, for both sides
    /// the same: 524,280 with the default size of a ring of messages, 1 MiB (<see cref="ConnectionOptions.RingSize"/>).
    /// </summary>
    public int MaxMessageSize { get; set; } = 1024 * 1024;

    /// <summary>
    /// How long a wait looks again and again before it sleeps, in the blocking calls <see cref="MessageChannel.Send"/> and
    /// <see cref="MessageChannel.Receive"/>: a peer that answers meanwhile is heard in a third of the time that a sleeper takes to wake
    /// up, at the price of a busy core. Adaptive: looks that find nothing become rare. Zero never looks. Default 120 µs: on a virtual
    /// machine it takes up to 100 µs to wake a thread on another core, and a look that is shorter never meets the one who was woken. In
    /// shared memory others may run between the looks (<c>sched_yield</c>) after the first 15 µs, as long as that is short.
    /// </summary>
    public TimeSpan SpinTime { get; set; } = TimeSpan.FromMicroseconds(120);

    /// <summary>
    /// Whether the caller promises that no two calls receive at the same time on a channel in shared memory, which saves it an interlocked operation a message.
    /// Breaking the promise throws <see cref="InvalidOperationException"/> where it is noticed, and mixes messages up where it is not; disposing is allowed at
    /// any time. Other channels ignore it. Default <see langword="false"/>: calls from several threads are serialised.
    /// </summary>
    public bool SingleReader { get; set; }

    /// <summary>The same for sending, and for <see cref="MessageChannel.CompleteSendsAsync"/>. Default <see langword="false"/>.</summary>
    public bool SingleWriter { get; set; }

    /// <summary>
    /// The multicast group that a bound UDP channel joins. Bound to every address of this machine (<c>0.0.0.0</c>, <c>[::]</c>), it
    /// receives what is sent to the group and what is sent to this machine; bound to one address, only what is sent to the group, through
    /// the interface of that address. Other sockets of this machine may join a group at the same port, and each receives what is sent to the
    /// group; what is sent to this machine one of them receives, which the kernel chooses, and so those that receive that have to be this user's. Default <see langword="null"/>: none, unless the channel is
    /// bound to a group's own address, which is then joined. Sending needs no group: it is the endpoint that is opened.
    /// </summary>
    public IPAddress? MulticastGroup { get; set; }

    /// <summary>
    /// The interface through which multicast is sent, and a group joined, named by one of its addresses. Default
    /// <see langword="null"/>: the interface of the address that is bound, otherwise the one that the system's routes choose. What is
    /// sent reaches the local network only (a time to live of 1), and the groups' members on this machine too.
    /// </summary>
    public IPAddress? MulticastInterface { get; set; }

    /// <summary>
    /// How a <see cref="MessageChannelListener"/> listens, and how the connections of its clients behave, channels in shared memory among them: in place of what
    /// these options inherit (timeouts, <see cref="ConnectionOptions.RunContinuationsInline"/> and the rest), but for <see cref="ConnectionOptions.RingSize"/> and
    /// <see cref="ConnectionOptions.AccessRules"/>, which hold where it has none. What is of messages, such as <see cref="SpinTime"/>, these options say. Others ignore
    /// it. Default <see langword="null"/>: as these options say, with the defaults of a listener for what only a listener has.
    /// </summary>
    public ListenerOptions? Listener { get; set; }

    /// <summary>For a listener, whose clients these options are for.</summary>
    internal ListenerOptions ForListener()
    {
        ListenerOptions listener = Listener?.Snapshot() ?? Inherited();
        listener.RingSize ??= RingSize;
        listener.AccessRules ??= AccessRules;
        return listener;
    }

    /// <summary>For a channel that such a listener hands out: how it behaves as a connection the listener's options say.</summary>
    internal MessageChannelOptions ForClients()
    {
        ListenerOptions listener = ForListener();
        var copy = (MessageChannelOptions)MemberwiseClone();
        copy.IdleTimeout = listener.IdleTimeout;
        copy.WriteTimeout = listener.WriteTimeout;
        copy.CloseTimeout = listener.CloseTimeout;
        copy.RunContinuationsInline = listener.RunContinuationsInline;
        return copy;
    }

    private ListenerOptions Inherited() => new()
    {
        ConnectTimeout = ConnectTimeout,
        IdleTimeout = IdleTimeout,
        WriteTimeout = WriteTimeout,
        CloseTimeout = CloseTimeout,
        Direction = Direction,
        FollowWriters = FollowWriters,
        RingSize = RingSize,
        Tls = Tls,
        AllowOtherUsers = AllowOtherUsers,
        RunContinuationsInline = RunContinuationsInline,
        CallObserver = CallObserver,
        LoggerFactory = LoggerFactory,
    };

    internal new MessageChannelOptions Snapshot()
    {
        var copy = (MessageChannelOptions)base.Snapshot();
        copy.Listener = Listener?.Snapshot();
        return copy;
    }

    private protected override void Validate()
    {
        base.Validate();
        if (!Enum.IsDefined(Framing))
            throw new ArgumentOutOfRangeException(nameof(Framing), Framing, "There is no such framing.");
        ArgumentOutOfRangeException.ThrowIfNegative(MaxMessageSize);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(MaxMessageSize, 1024 * 1024 * 1024);
        if (SpinTime < TimeSpan.Zero || SpinTime > TimeSpan.FromSeconds(1))
            throw new ArgumentOutOfRangeException(nameof(SpinTime), SpinTime, "A spin takes between zero and one second.");
        if (MulticastGroup is { } group && !MulticastGroups.Has(group))
            throw new ArgumentOutOfRangeException(nameof(MulticastGroup), group, "It is no multicast group: those are 224.0.0.0 to 239.255.255.255, and ff00::/8.");
    }
}
