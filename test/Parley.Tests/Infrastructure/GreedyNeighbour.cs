using Parley.Interop.Linux;

namespace Parley.Tests;

/// <summary>Fills a device with a file, and takes whatever becomes free there from then on.</summary>
internal sealed class GreedyNeighbour : IDisposable
{
    private const int Step = 4096;

    private readonly DescriptorHandle _file;
    private readonly ManualResetEventSlim _isFull = new();
    private readonly Thread _thread;
    private bool _hasEnough;

    public unsafe GreedyNeighbour(string path)
    {
        fixed (byte* name = FileStatus.PathBytes(path))
            _file = Libc.Open(name, Libc.O_RDWR | Libc.O_CREAT | Libc.O_CLOEXEC, mode: 0x180);
        Assert.False(_file.IsInvalid);
        _thread = new Thread(Take);
        _thread.Start();
        Assert.True(_isFull.Wait(Limits.Wait), "the device does not become full");
    }

    public void Dispose()
    {
        Volatile.Write(ref _hasEnough, true);
        _thread.Join();
        _file.Dispose();
        _isFull.Dispose();
    }

    private void Take()
    {
        long taken = 0;
        while (!Volatile.Read(ref _hasEnough))
        {
            if (Libc.FAllocate(_file, 0, taken, Step) == 0)
                taken += Step;
            else if (Errno.Last == Errno.ENOSPC)
                _isFull.Set();
        }
    }
}
