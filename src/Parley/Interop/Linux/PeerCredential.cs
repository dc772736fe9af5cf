namespace Parley.Interop.Linux;

/// <summary><c>struct ucred</c>.</summary>
internal struct PeerCredential
{
    public int Pid;
    public uint Uid;
    public uint Gid;
}
