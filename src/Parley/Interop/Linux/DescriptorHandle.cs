using System.Runtime.InteropServices;

namespace Parley.Interop.Linux;

/// <summary>Owns one file descriptor. Its number is given back to the system when the last call that uses it has returned.</summary>
internal sealed class DescriptorHandle : SafeHandle
{
    public DescriptorHandle()
        : base(-1, ownsHandle: true)
    {
    }

    public DescriptorHandle(int descriptor)
        : base(-1, ownsHandle: true) => SetHandle(descriptor);

    // System calls return a C int: of a -1 only the lower half of the register is defined.
    public override bool IsInvalid => Number < 0;

    /// <summary>For messages and tables; a system call takes the handle itself.</summary>
    public int Number => (int)handle;

    // After EINTR the descriptor is gone on Linux: closing again could hit somebody else's.
    protected override bool ReleaseHandle() => Libc.Close(Number) == 0 || Errno.Last == Errno.EINTR;
}
