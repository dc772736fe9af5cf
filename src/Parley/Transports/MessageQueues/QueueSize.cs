namespace Parley.Transports.MessageQueues;

/// <summary>How many messages of how many bytes a queue holds.</summary>
internal readonly record struct QueueSize(int Capacity, int MessageSize)
{
    // The number of priorities (MQ_PRIO_MAX): a node is kept ready for each that can be in use.
    private const long Priorities = 32768;

    /// <summary>
    /// What the kernel counts against the user's limit (mqueue_get_inode): the bytes, and for each message its head (struct msg_msg) and
    /// the node of its priority (struct posix_msg_tree_node), both of six words.
    /// </summary>
    internal long BytesNeeded => (Capacity * (MessageSize + (6L * IntPtr.Size))) + (Math.Min(Capacity, Priorities) * 6 * IntPtr.Size);

    /// <summary>What was asked for, and what the system gives where nothing was.</summary>
    internal static QueueSize Of(NamedObjectOptions options) => new(
        options.Capacity ?? Default("msg_default", "msg_max", 10),
        options.MessageSize ?? Default("msgsize_default", "msgsize_max", 8192));

    private static int Default(string setting, string limit, int otherwise)
        => Math.Min(QueueLimits.Setting(setting) ?? otherwise, QueueLimits.Setting(limit) ?? int.MaxValue);
}
