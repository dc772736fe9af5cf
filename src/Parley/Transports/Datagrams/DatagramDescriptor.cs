using Parley.Interop.Linux;
using Parley.Transports.Descriptors;

namespace Parley.Transports.Datagrams;

/// <summary>
/// The descriptor of a UDP socket. The kernel reports every datagram that comes and, once asked, every one that has left: what nobody
/// waits for, it is told not to report, or it would wake the loop for each.
/// </summary>
internal sealed class DatagramDescriptor(DescriptorHandle handle, EventLoop loop, bool inline) : Descriptor(handle, loop, inline)
{
    private readonly Lock _lock = new();

    // EPOLLET stays whatever is reported: an error that nobody takes is told once, not again and again.
    private uint _reported = Libc.EPOLLET;
    private volatile bool _isKnown;

    internal override uint Interest => Volatile.Read(ref _reported);

    internal override ValueTask<WaitResult> WaitReadableAsync(long due, CancellationToken cancellationToken)
        => Report(Libc.EPOLLIN) ? base.WaitReadableAsync(due, cancellationToken) : new(WaitResult.Closed);

    internal ValueTask<WaitResult> WaitSendableAsync(long due, CancellationToken cancellationToken)
        => Report(Libc.EPOLLOUT) ? WaitWritableAsync(due, cancellationToken) : new(WaitResult.Closed);

    // The signals come last: a wait that began before its events were muted is woken, looks for itself, and asks for them with the next wait.
    internal override void OnEvents(uint mask)
    {
        uint unwanted = (Readable.IsWaiting ? 0 : Libc.EPOLLIN) | (WritableIfAwaited is { IsWaiting: true } ? 0 : Libc.EPOLLOUT);
        base.OnEvents(mask | Mute(unwanted));
    }

    private bool Report(uint events)
    {
        if (_isKnown && (Volatile.Read(ref _reported) & events) != 0)
            return true;
        lock (_lock)
        {
            bool isReported = (_reported & events) != 0;
            Volatile.Write(ref _reported, _reported | events);
            if (!_isKnown)
                return _isKnown = EnsureWatched();
            if (!isReported)
                Loop.Change(this, _reported);
            return true;
        }
    }

    /// <returns>Those of the events that were reported until now.</returns>
    private uint Mute(uint events)
    {
        if ((Volatile.Read(ref _reported) & events) == 0)
            return 0;
        lock (_lock)
        {
            uint muted = _reported & events;
            Volatile.Write(ref _reported, _reported & ~events);
            if (muted != 0)
                Loop.Change(this, _reported);
            return muted;
        }
    }
}
