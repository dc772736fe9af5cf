using System.Runtime.InteropServices;

namespace Parley.Interop.Linux;

/// <summary><c>struct statx</c>: the same layout on every architecture, which <c>struct stat</c> has not.</summary>
[StructLayout(LayoutKind.Explicit, Size = 256)]
internal struct StatxResult
{
    private const ushort TypeMask = 0xF000;
    private const ushort TypeSocket = 0xC000;
    private const ushort TypeDirectory = 0x4000;
    private const ushort TypeFifo = 0x1000;
    private const ushort TypeLink = 0xA000;
    private const ushort TypeRegular = 0x8000;

    [FieldOffset(16)] public uint Links;
    [FieldOffset(20)] public uint Uid;
    [FieldOffset(24)] public uint Gid;
    [FieldOffset(28)] public ushort Mode;
    [FieldOffset(32)] public ulong Inode;
    [FieldOffset(40)] public ulong Size;
    [FieldOffset(136)] public uint DeviceMajor;
    [FieldOffset(140)] public uint DeviceMinor;

    public readonly bool IsSocket => (Mode & TypeMask) == TypeSocket;

    public readonly bool IsDirectory => (Mode & TypeMask) == TypeDirectory;

    public readonly bool IsFifo => (Mode & TypeMask) == TypeFifo;

    public readonly bool IsSymbolicLink => (Mode & TypeMask) == TypeLink;

    public readonly bool IsRegularFile => (Mode & TypeMask) == TypeRegular;

    public readonly bool IsSameFile(in StatxResult other)
        => Inode == other.Inode && DeviceMajor == other.DeviceMajor && DeviceMinor == other.DeviceMinor;
}
