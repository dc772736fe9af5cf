using Parley.Interop.Linux;

namespace Parley.Transports.Descriptors;

/// <summary>
/// A descriptor of a stream. While bytes come that nobody waits for, as for a relay whose target is full, each packet of them would wake the loop in
/// vain: after a few of those the kernel is told not to report them.
/// </summary>
internal sealed class StreamDescriptor(DescriptorHandle handle, EventLoop loop, bool inline) : Descriptor(handle, loop, inline)
{
    // Telling the kernel takes two calls, waking up in vain one and mostly a sleep.
    private const int MostInVain = 4;

    private int _inVain;

    internal override void OnEvents(uint mask)
    {
        // What has been signalled and not been looked at since is no news. Muted, what comes is of something else.
        bool isInVain = (mask & Libc.EPOLLIN) != 0 && Readable.HasSignalled && !IsMuted;
        _inVain = isInVain ? _inVain + 1 : 0;
        if (_inVain >= MostInVain)
        {
            _inVain = 0;
            MuteInput();
        }

        base.OnEvents(mask);
    }
}
