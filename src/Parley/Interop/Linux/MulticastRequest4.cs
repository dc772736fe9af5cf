namespace Parley.Interop.Linux;

/// <summary><c>struct ip_mreqn</c>; addresses in network order.</summary>
internal struct MulticastRequest4
{
    public uint Group;
    public uint Interface;
    public int InterfaceIndex;
}
