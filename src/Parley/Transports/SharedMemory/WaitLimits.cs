using System.Diagnostics;
using Parley.Transports.Descriptors;

namespace Parley.Transports.SharedMemory;

/// <summary>
/// How long the waits of one side go on though no message moves, <see cref="ConnectionOptions.IdleTimeout"/>, or though the peer takes nothing,
/// <see cref="ConnectionOptions.WriteTimeout"/>. By the one who has the turn to wait.
/// </summary>
internal sealed class WaitLimits
{
    private readonly TimeSpan _idleTimeout;
    private readonly TimeSpan _stallTimeout;
    private Standstill _idle;
    private Standstill _stall;
    private long _now;

    private WaitLimits(TimeSpan idleTimeout, TimeSpan stallTimeout)
    {
        _idleTimeout = idleTimeout;
        _stallTimeout = stallTimeout;
        _idle = new Standstill(idleTimeout);
        _stall = new Standstill(stallTimeout);
    }

    /// <summary>When a wait has to look, though nothing wakes it.</summary>
    internal long LookAt { get; private set; } = Deadline.Never;

    /// <returns><see langword="null"/> where there is no limit.</returns>
    internal static WaitLimits? Of(TimeSpan idleTimeout, TimeSpan stallTimeout)
        => idleTimeout == Timeout.InfiniteTimeSpan && stallTimeout == Timeout.InfiniteTimeSpan ? null : new(idleTimeout, stallTimeout);

    /// <summary>A wait begins: what the peer left undone while nobody waited for it was no stall.</summary>
    internal void Begin()
    {
        _idle.Begin(Stopwatch.GetTimestamp());
        _stall.Restart();
    }

    /// <summary>
    /// Whether the wait is over is looked at from now on. Where this process is stopped between that and <see cref="Look"/>, what the peer does meanwhile
    /// has not been looked at, and the time does not count.
    /// </summary>
    internal void BeginLook() => _now = Stopwatch.GetTimestamp();

    /// <summary>Looks, where a wait would go on, after <see cref="BeginLook"/>.</summary>
    /// <param name="activity">What changes with each message that is moved, in either direction.</param>
    /// <param name="progress">What changes with whatever the peer does that is waited for.</param>
    /// <returns>Why the wait has lasted for too long; <see langword="null"/> where it has not.</returns>
    internal string? Look(long activity, long progress)
    {
        if (_stall.IsOver(progress, _now))
            return $"the peer took nothing for {_stallTimeout.TotalSeconds:0.###} s";
        if (_idle.IsOver(activity, _now))
            return $"no message moved in either direction for {_idleTimeout.TotalSeconds:0.###} s";
        LookAt = Math.Min(_stall.NextLook(_now), _idle.NextLook(_now));
        return null;
    }
}
