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
        using var first = new FifoPlace(endPoint.Path, Step.Create);
        using DescriptorHandle made = Create(first, options.Mode);
        if (endPoint.WritePath is null)
            return;
        try
        {
            using var second = new FifoPlace(endPoint.WritePath, Step.Create);
            Create(second, options.Mode).Dispose();
        }
        catch (ConnectionException)
        {
            // Half a pair is of no use, and would stand in the way of the next try.
            first.TakeBack(made);
            throw;
        }
    }

    public IReadOnlyList<NamedObjectStatus> Inspect(AccessRules? accessRules) => Array.ConvertAll(Paths, Inspect);

    public void Remove()
    {
        // Both are looked at before the first one goes.
        using var first = new FifoPlace(endPoint.Path, Step.Remove);
        using DescriptorHandle one = first.Pin();
        using FifoPlace? second = endPoint.WritePath is { } path ? new FifoPlace(path, Step.Remove) : null;
        using DescriptorHandle? other = second?.Pin();
        first.Remove(one);
        second?.Remove(other!);
    }

    private static DescriptorHandle Create(FifoPlace place, UnixFileMode mode)
    {
        DescriptorHandle file = place.Create((uint)mode);

        // The umask has kept permissions from it: given by a descriptor of the very file.
        int error;
        fixed (byte* self = FifoFile.SelfPath(file))
            error = Libc.ChMod(self, (uint)mode) == 0 ? 0 : Errno.Last;
        if (error == 0)
            return file;
        using (file)
            place.TakeBack(file);
        throw place.Failure(error);
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
}
