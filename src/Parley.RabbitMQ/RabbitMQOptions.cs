namespace Parley;

/// <summary>How this process talks to RabbitMQ. Copied and checked when it is used: later changes have no effect.</summary>
/// <remarks>Not safe for use by several threads while it is being changed.</remarks>
public sealed class RabbitMQOptions
{
    /// <summary>The environment variable with the user's name.</summary>
    public const string UserVariable = "PARLEY_AMQP_USER";

    /// <summary>The environment variable with the user's password.</summary>
    public const string PasswordVariable = "PARLEY_AMQP_PASSWORD";

    /// <summary>The environment variable with the file that has the password.</summary>
    public const string PasswordFileVariable = "PARLEY_AMQP_PASSWORD_FILE";

    private const int HighestPriority = 255;

    /// <summary>Who this side is, where the endpoint does not say so. Default <see langword="null"/>: <c>guest</c>, whom a broker lets in from its own machine only.</summary>
    public string? UserName { get; set; }

    /// <summary>The user's password, where the endpoint does not have it. It gets into no message and no log. Default <see langword="null"/>.</summary>
    public string? Password { get; set; }

    /// <summary>
    /// A file whose first line is the password; in place of <see cref="Password"/>. Read with every connection, so that a password is changed without a restart.
    /// Default <see langword="null"/>.
    /// </summary>
    public string? PasswordFile { get; set; }

    /// <summary>Whom this side trusts, and who it is, at <c>amqps:</c> endpoints, where the channel's <see cref="ConnectionOptions.Tls"/> does not say so. Default <see langword="null"/>: the authorities of the system.</summary>
    public TlsOptions? Tls { get; set; }

    /// <summary>
    /// How many messages the broker gives away before they are acknowledged: those that wait in this process, and those that were received and not acknowledged. Each
    /// takes memory here. 1 to 65535. Default 100.
    /// </summary>
    public int Prefetch { get; set; } = 100;

    /// <summary>
    /// After how many messages the broker is asked for no more, by each connection: who wants so many leaves the others alone, unmarked. 1 or more. Default
    /// <see langword="null"/>: never.
    /// </summary>
    public int? MaxDeliveries { get; set; }

    /// <summary>How many messages may have been sent and not been confirmed: one more waits. 1 to 65535. Default 512.</summary>
    public int ConfirmWindow { get; set; } = 512;

    /// <summary>
    /// The highest priority of the queue, which AMQP does not tell: the <see cref="RabbitMQQueueOptions.MaxPriority"/> that it was made with. 0 to 255.
    /// Default 0: it has none.
    /// </summary>
    public int MaxPriority { get; set; }

    /// <summary>
    /// How long any one call may take, whatever becomes of the broker meanwhile: sending (waiting for room, for a broker that is away, and for its confirmation),
    /// acknowledging, making and removing a queue. Only waiting for a message, or for room, has no limit but <see cref="MaxOutage"/>. Default 30 s;
    /// <see cref="Timeout.InfiniteTimeSpan"/> for any time.
    /// </summary>
    public TimeSpan CallTimeout { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>
    /// How long the broker may be away before those who wait for a message, or for room, are told so. It is looked for all the same. Default
    /// <see cref="Timeout.InfiniteTimeSpan"/>: they wait until it is back. One that answers, and refuses, is told after <see cref="CallTimeout"/>.
    /// </summary>
    public TimeSpan MaxOutage { get; set; } = Timeout.InfiniteTimeSpan;

    /// <summary>How often both sides say that they are alive; a broker that has said nothing for twice as long is taken for dead. 1 s to 10 min. Default 10 s.</summary>
    public TimeSpan Heartbeat { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>Options with the user and the password of the environment: <c>PARLEY_AMQP_USER</c>, and <c>PARLEY_AMQP_PASSWORD</c> or <c>PARLEY_AMQP_PASSWORD_FILE</c>.</summary>
    /// <returns>New options; what the environment does not say has its default.</returns>
    public static RabbitMQOptions FromEnvironment() => new()
    {
        UserName = Variable(UserVariable),
        Password = Variable(PasswordVariable),
        PasswordFile = Variable(PasswordFileVariable),
    };

    internal RabbitMQOptions Snapshot()
    {
        var copy = (RabbitMQOptions)MemberwiseClone();
        copy.Tls = Tls?.Snapshot();
        copy.Validate();
        return copy;
    }

    private static string? Variable(string name) => Environment.GetEnvironmentVariable(name) is { Length: > 0 } value ? value : null;

    private void Validate()
    {
        CheckRange(Prefetch, 1, ushort.MaxValue, nameof(Prefetch));
        if (MaxDeliveries is int deliveries)
            ArgumentOutOfRangeException.ThrowIfLessThan(deliveries, 1, nameof(MaxDeliveries));
        CheckRange(ConfirmWindow, 1, ushort.MaxValue, nameof(ConfirmWindow));
        CheckRange(MaxPriority, 0, HighestPriority, nameof(MaxPriority));
        ConnectionOptions.CheckTimeout(CallTimeout, nameof(CallTimeout));
        ConnectionOptions.CheckTimeout(MaxOutage, nameof(MaxOutage));
        if (Heartbeat < TimeSpan.FromSeconds(1) || Heartbeat > TimeSpan.FromMinutes(10))
            throw new ArgumentOutOfRangeException(nameof(Heartbeat), Heartbeat, "A heartbeat takes from 1 s to 10 min.");
        if (Password is not null && PasswordFile is not null)
            throw new ArgumentException("A password is a text or in a file, not both.", nameof(PasswordFile));
    }

    private static void CheckRange(int value, int least, int most, string name)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(value, least, name);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(value, most, name);
    }
}
