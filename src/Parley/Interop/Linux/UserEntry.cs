using System.Runtime.InteropServices;

namespace Parley.Interop.Linux;

/// <summary><c>struct passwd</c>, as far as it is read; the rest is room.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct UserEntry
{
    public byte* Name;
    public byte* Password;
    public uint UserId;
    public uint GroupId;
    private fixed long _rest[8];
}
