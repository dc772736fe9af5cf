using System.Globalization;
using System.Text;
using Parley.Interop.Linux;

namespace Parley.Transports.MessageQueues;

/// <summary>What can be seen of a queue.</summary>
internal static unsafe class QueueStatus
{
    private const int PermissionBits = 0x1FF;

    /// <summary>Looks at a queue by opening it; at one that may not be opened as at a file, where there is a mount of them.</summary>
    /// <returns><see langword="null"/> and the error number where it cannot be seen.</returns>
    internal static NamedObjectStatus? Of(MessageQueueEndPoint endPoint, string? mount, out int error)
    {
        using DescriptorHandle queue = QueueFile.OpenToLook(endPoint, out error);
        if (error == Errno.EACCES && mount is not null)
            return FileStatus.OfPath(mount + endPoint.Name, out StatxResult unopened) == 0 ? Describe(endPoint, unopened) : null;
        if (error != 0)
            return null;
        error = FileStatus.OfDescriptor(queue, out StatxResult file);
        if (error != 0)
            return null;
        error = QueueFile.Attributes(queue, out QueueAttributes attributes);
        return error != 0 ? null : Describe(endPoint, file) with
        {
            BytesWaiting = BytesIn(queue),
            MessagesWaiting = (int)attributes.Messages,
            Capacity = (int)attributes.MaxMessages,
            MessageSize = (int)attributes.MessageSize,
        };
    }

    private static NamedObjectStatus Describe(MessageQueueEndPoint endPoint, in StatxResult file) => new()
    {
        EndPoint = endPoint,
        Type = "queue",
        Mode = (UnixFileMode)(file.Mode & PermissionBits),
        UserId = file.Uid,
        GroupId = file.Gid,
    };

    // Read as a file a queue gives one line, "QSIZE:129 NOTIFY:2 SIGNO:0 NOTIFY_PID:8260", and keeps its messages.
    private static long? BytesIn(DescriptorHandle queue)
    {
        const int LongestLine = 80;
        byte* line = stackalloc byte[LongestLine];
        int length = (int)Libc.Read(queue, line, LongestLine);
        if (length <= 0)
            return null;
        string text = Encoding.ASCII.GetString(line, length);
        const string Label = "QSIZE:";
        int end = text.IndexOf(' ', StringComparison.Ordinal);
        return text.StartsWith(Label, StringComparison.Ordinal) && end > 0
            && long.TryParse(text.AsSpan(Label.Length, end - Label.Length), NumberStyles.None, CultureInfo.InvariantCulture, out long bytes) ? bytes : null;
    }
}
