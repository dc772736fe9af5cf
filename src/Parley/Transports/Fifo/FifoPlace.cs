using Parley.Interop.Linux;

namespace Parley.Transports.Fifo;

/// <summary>
/// A name in the directory where it was when this began. Of what is looked at and then removed by its whole path, the two may be
/// different files: somebody may put another directory into the path in between.
/// </summary>
internal sealed unsafe class FifoPlace : IDisposable
{
    private readonly string _path;
    private readonly byte[] _name;
    private readonly DescriptorHandle _directory;
    private readonly Step _step;

    /// <exception cref="ConnectionException">There is no such directory, or it may not be searched.</exception>
    internal FifoPlace(string path, Step step)
    {
        int name = path.LastIndexOf('/') + 1;
        _path = path;
        _name = FileStatus.PathBytes(path[name..]);
        _step = step;
        fixed (byte* directory = FileStatus.PathBytes(name == 0 ? "." : path[..name]))
            _directory = Libc.Open(directory, Libc.O_PATH | Libc.O_DIRECTORY | Libc.O_CLOEXEC, 0);
        if (_directory.IsInvalid)
            throw Failure(Errno.Last);
    }

    internal FifoEndPoint EndPoint => new(_path);

    /// <summary>Makes a FIFO there, and holds it.</summary>
    /// <exception cref="ConnectionException">Something is there already, or nothing may be made there.</exception>
    internal DescriptorHandle Create(uint mode)
    {
        fixed (byte* name = _name)
        {
            if (Libc.MkFifoAt(_directory, name, mode) < 0)
                throw Failure(Errno.Last);
        }

        return Pin();
    }

    /// <summary>Holds the FIFO that is there.</summary>
    /// <exception cref="ConnectionException">None is there, or something else.</exception>
    internal DescriptorHandle Pin()
    {
        DescriptorHandle file;
        fixed (byte* name = _name)
            file = Libc.OpenAt(_directory, name, FifoFile.PinFlags, 0);
        return FifoFile.Checked(file, _path, EndPoint, _step);
    }

    /// <summary>Removes what is there, if it still is what was pinned.</summary>
    /// <exception cref="ConnectionException">It is not, or may not be removed.</exception>
    internal void Remove(DescriptorHandle pinned)
    {
        using DescriptorHandle now = Pin();
        if (!FifoFile.AreSame(pinned, now))
            throw new ConnectionException(_step, Reason.Other, EndPoint, "another FIFO has taken its place meanwhile");
        fixed (byte* name = _name)
        {
            if (Libc.UnlinkAt(_directory, name, 0) < 0)
                throw Failure(Errno.Last);
        }
    }

    /// <summary>Takes back what was made, because of a failure that is told instead of one of this.</summary>
    internal void TakeBack(DescriptorHandle made)
    {
        try
        {
            Remove(made);
        }
        catch (ConnectionException)
        {
            // Why it was to be taken back says more.
        }
    }

    internal ConnectionException Failure(int error) => ConnectionException.FromErrno(_step, error, EndPoint);

    public void Dispose() => _directory.Dispose();
}
