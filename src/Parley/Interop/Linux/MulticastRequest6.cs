namespace Parley.Interop.Linux;

/// <summary><c>struct ipv6_mreq</c>.</summary>
internal unsafe struct MulticastRequest6
{
    public fixed byte Group[16];
    public uint InterfaceIndex;
}
