namespace Parley.Transports.Descriptors;

/// <summary>What ended a wait.</summary>
internal enum WaitResult : byte
{
    /// <summary>The descriptor may be ready: try the call again.</summary>
    Ready,

    /// <summary>The time may be over: look at the clock.</summary>
    Due,

    /// <summary>The caller's token was cancelled.</summary>
    Canceled,

    /// <summary><see cref="Readiness.Interrupt"/> was called.</summary>
    Interrupted,

    /// <summary>The connection is over.</summary>
    Closed,
}
