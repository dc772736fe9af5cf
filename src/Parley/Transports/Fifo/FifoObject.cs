using Parley.Interop.Linux;

namespace Parley.Transports.Fifo;

/// <summary>Makes, looks at and removes FIFOs. None of it opens one: opening is what the other side waits for.</summary>
internal sealed unsafe class FifoObject(FifoEndPoint endPoint) : INamedObject
{
    private const int PermissionBits = 0x1FF;

    private string[] Paths => endPoint.WritePath is { } second ? [endPoint.Path, second] : [endPoint.Path];

    public void Create(NamedObjectOptions options)
    {
        if (options.Capacity is not null || options.MessageSize is not null)
            throw new ArgumentException("A FIFO carries bytes: it has no capacity in messages and no message size.", nameof(options));
        string[] paths = Paths;
        for (int i = 0; i < paths.Length; i++)
        {
            try
            {
                Create(paths[i], options.Mode);
            }
            catch (ConnectionException)
            {
                // Half a pair is of no use, and would stand in the way of the next try.
                for (int made = 0; made < i; made++)
                    Unlink(paths[made]);
                throw;
            }
        }
    }

    public IReadOnlyList<NamedObjectStatus> Inspect() => Array.ConvertAll(Paths, Inspect);

    public void Remove()
    {
        string[] paths = Paths;

        // Both are looked at before the first one goes.
        foreach (string path in paths)
            FifoFile.Pin(path, endPoint, Step.Remove).Dispose();
        foreach (string path in paths)
        {
            if (Unlink(path) is int error and not 0)
                throw ConnectionException.FromErrno(Step.Remove, error, new FifoEndPoint(path));
        }
    }

    private static void Create(string path, UnixFileMode mode)
    {
        var asked = new FifoEndPoint(path);
        fixed (byte* name = FileStatus.PathBytes(path))
        {
            if (Libc.MkFifo(name, (uint)mode) < 0)
                throw ConnectionException.FromErrno(Step.Create, Errno.Last, asked);
        }

        // The umask has kept permissions from it: given by a descriptor of the very file, whatever the path leads to by now.
        using DescriptorHandle file = FifoFile.Pin(path, asked, Step.Create);
        fixed (byte* self = FifoFile.SelfPath(file))
        {
            if (Libc.ChMod(self, (uint)mode) == 0)
                return;
        }

        int error = Errno.Last;
        Unlink(path);
        throw ConnectionException.FromErrno(Step.Create, error, asked);
    }

    private static NamedObjectStatus Inspect(string path)
    {
        var asked = new FifoEndPoint(path);
        using DescriptorHandle file = FifoFile.Pin(path, asked);
        int error = FileStatus.OfDescriptor(file, out StatxResult status);
        if (error != 0)
            throw ConnectionException.FromErrno(Step.Open, error, asked);
        return new NamedObjectStatus
        {
            EndPoint = asked,
            Type = "fifo",
            Mode = (UnixFileMode)(status.Mode & PermissionBits),
            UserId = status.Uid,
            GroupId = status.Gid,
        };
    }

    private static int Unlink(string path)
    {
        fixed (byte* name = FileStatus.PathBytes(path))
            return Libc.Unlink(name) == 0 ? 0 : Errno.Last;
    }
}
