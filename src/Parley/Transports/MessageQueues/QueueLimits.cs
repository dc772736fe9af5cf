using System.Globalization;
using Parley.Interop.Linux;

namespace Parley.Transports.MessageQueues;

/// <summary>
/// Says which limit stands in the way of a new queue, what the queue needs, and how to raise it: the error numbers alone mislead ("too many
/// open files", "no space left on device").
/// </summary>
internal static unsafe class QueueLimits
{
    // What even root cannot go over (HARD_MSGMAX, HARD_MSGSIZEMAX).
    private const int MostMessages = 65536;
    private const int LargestMessage = 16 * 1024 * 1024;

    /// <summary>A number of the kernel's under fs.mqueue; <see langword="null"/> where it cannot be read.</summary>
    internal static int? Setting(string name)
    {
        try
        {
            return int.TryParse(File.ReadAllText($"/proc/sys/fs/mqueue/{name}"), NumberStyles.Integer, CultureInfo.InvariantCulture, out int value) ? value : null;
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            // Without /proc the limit is there all the same, and its error names it without the number.
            return null;
        }
    }

    internal static ConnectionException Explain(int error, MessageQueueEndPoint endPoint, QueueSize size)
    {
        string? cause = error switch
        {
            Errno.EINVAL => OverTheMost("msg_max", size.Capacity, MostMessages, "messages", size) ?? OverTheMost("msgsize_max", size.MessageSize, LargestMessage, "bytes a message", size),
            Errno.EMFILE when HasFreeDescriptor() => OverTheUsersBytes(size),
            Errno.ENOSPC => $"the system holds no more queues than queues_max says, {Number("queues_max")}, and this one {Needs(size)}: remove some, or as root raise it with 'sysctl fs.mqueue.queues_max=NUMBER'",
            Errno.ENOMEM => $"the system has no memory for it: it {Needs(size)}",
            _ => null,
        };
        return cause is null
            ? ConnectionException.FromErrno(Step.Create, error, endPoint)
            : new ConnectionException(Step.Create, Reason.Limit, endPoint, cause, error);
    }

    private static string? OverTheMost(string setting, int asked, int most, string unit, QueueSize size)
    {
        if (asked > most)
            return $"{asked} {unit} are more than the kernel ever allows: {most}; this queue {Needs(size)}";
        return asked > (Setting(setting) ?? most)
            ? $"{asked} {unit} are more than {setting} allows, {Number(setting)}: this queue {Needs(size)}; ask for less, or as root raise it with 'sysctl fs.mqueue.{setting}={asked}'"
            : null;
    }

    private static string OverTheUsersBytes(QueueSize size)
    {
        ResourceLimit limit;
        string allowed = Libc.GetRLimit(Libc.RLIMIT_MSGQUEUE, &limit) == 0 ? $"{limit.Soft} bytes" : "only so many bytes";
        return $"the queues of this user may take {allowed} in all (RLIMIT_MSGQUEUE), and this one {Needs(size)}: remove some, ask for less, "
            + "or raise it with 'prlimit --pid $$ --msgqueue=BYTES', beyond the hard limit as root";
    }

    private static string Needs(QueueSize size) => $"needs {size.BytesNeeded} bytes for {Count(size.Capacity, "message")} of {Count(size.MessageSize, "byte")}";

    private static string Count(int number, string unit) => number == 1 ? $"1 {unit}" : $"{number} {unit}s";

    private static string Number(string setting) => Setting(setting)?.ToString(CultureInfo.InvariantCulture) ?? "a number";

    // The same error number says that this process has no descriptor left, which is looked at first.
    private static bool HasFreeDescriptor()
    {
        fixed (byte* root = "/\0"u8)
        {
            using DescriptorHandle probe = Libc.Open(root, Libc.O_PATH | Libc.O_CLOEXEC, 0);
            return !probe.IsInvalid;
        }
    }
}
