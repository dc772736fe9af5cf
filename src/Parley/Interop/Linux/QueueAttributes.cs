using System.Runtime.InteropServices;

namespace Parley.Interop.Linux;

/// <summary><c>struct mq_attr</c>: longs, and as many again that are reserved.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct QueueAttributes
{
    public nint Flags;

    /// <summary>How many messages wait at most.</summary>
    public nint MaxMessages;

    /// <summary>The longest message, in bytes.</summary>
    public nint MessageSize;

    /// <summary>How many messages wait now.</summary>
    public nint Messages;

    private readonly nint _reserved0;
    private readonly nint _reserved1;
    private readonly nint _reserved2;
    private readonly nint _reserved3;
}
