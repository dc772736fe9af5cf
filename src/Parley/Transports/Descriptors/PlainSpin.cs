using Parley.Interop.Linux;

namespace Parley.Transports.Descriptors;

/// <summary>Waits a little longer each time, in a way that <see cref="Thread.Interrupt"/> does not end: with <see cref="SpinWait"/> it may.</summary>
internal struct PlainSpin
{
    private const int Spins = 10;
    private const int Yields = 20;

    private int _count;

    internal unsafe void Once()
    {
        if (_count < Spins)
            Thread.SpinWait(4 << _count);
        else if (_count < Spins + Yields || Libc.Poll(null, 0, milliseconds: 1) < 0)
            Thread.Yield();
        _count++;
    }
}
