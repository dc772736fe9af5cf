namespace Parley.Interop.Linux;

/// <summary><c>struct mmsghdr</c>: a message, and how much of it was moved.</summary>
internal struct MessageVector
{
    public MessageParts Parts;
    public uint Length;
}
