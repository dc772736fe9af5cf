namespace Parley.Interop.Linux;

/// <summary><c>struct msghdr</c>: an address and buffers.</summary>
internal unsafe struct MessageParts
{
    public byte* Address;
    public uint AddressLength;
    public IoVector* Buffers;
    public nuint BufferCount;
    public void* Control;
    public nuint ControlLength;
    public int Flags;
}
