using Microsoft.Extensions.Logging;

namespace Parley;

/// <summary>Where a <see cref="MessageSpool"/> keeps its messages, and how many. Copied and checked when it is used.</summary>
public sealed class MessageSpoolOptions
{
    /// <summary>The file; made where there is none, with mode 0600. Its folder has to exist.</summary>
    public required string Path { get; set; }

    /// <summary>
    /// The size of the file, in bytes, all of which is reserved when the spool is opened. Each message takes a slot for the longest of the source, however short it
    /// is; where that is more than 64 KiB, and the source keeps what does not fit, a slot as large as messages have needed lately. Default 64 MiB; room for one message to
    /// 1 GiB. A file that holds messages keeps the size it has.
    /// </summary>
    public long Capacity { get; set; } = 64 * 1024 * 1024;

    /// <summary>
    /// Whether a message is on the device before it is handed out, so that it survives a power failure too. Up to 64 that wait in the source are then taken
    /// at once, for one wait for the device. Default <see langword="false"/>: it survives the process only.
    /// </summary>
    public bool Fsync { get; set; }

    /// <summary>Told of messages that are damaged, and of those that were recovered (category <c>Parley.Spool</c>). Default <see langword="null"/>: nobody.</summary>
    public ILoggerFactory? LoggerFactory { get; set; }

    internal MessageSpoolOptions Snapshot()
    {
        ArgumentException.ThrowIfNullOrEmpty(Path);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(Capacity);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(Capacity, 1024 * 1024 * 1024);
        return (MessageSpoolOptions)MemberwiseClone();
    }
}
