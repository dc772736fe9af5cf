using Parley.Interop.Linux;

namespace Parley.Transports.Fifo;

/// <summary>
/// Whether a writer is there, or was since the FIFO was opened to read, without taking a byte of what it says. A read would: and it
/// returns 0 before the first writer as it does after the last one.
/// </summary>
internal sealed unsafe class WriterProbe : IDisposable
{
    private readonly DescriptorHandle _read;
    private readonly DescriptorHandle _scratchOut;
    private readonly DescriptorHandle _scratchIn;

    internal WriterProbe(DescriptorHandle read, FifoEndPoint endPoint)
    {
        int* pair = stackalloc int[2];
        if (Libc.Pipe2(pair, Libc.O_CLOEXEC | Libc.O_NONBLOCK) < 0)
            throw ConnectionException.FromErrno(Step.Open, Errno.Last, endPoint);
        _read = read;
        _scratchOut = new DescriptorHandle(pair[0]);
        _scratchIn = new DescriptorHandle(pair[1]);
    }

    internal bool HasSeenWriter()
    {
        // Bytes, or the end of a writer that has gone again. Of one that says nothing yet, poll knows nothing.
        if ((FifoFile.State(_read) & (Libc.POLLIN | Libc.POLLHUP)) != 0)
            return true;

        // Copying a byte that is not there fails with EAGAIN while somebody could still write it, otherwise it copies nothing.
        nint copied = Libc.Tee(_read, _scratchIn, 1, Libc.SPLICE_F_NONBLOCK);
        return copied > 0 || (copied < 0 && Errno.Last == Errno.EAGAIN);
    }

    public void Dispose()
    {
        _scratchIn.Dispose();
        _scratchOut.Dispose();
    }
}
