using Microsoft.Win32.SafeHandles;

namespace Parley.Interop.Linux;

/// <summary>Owns one file descriptor. Its number is given back to the system when the last call that uses it has returned.</summary>
internal sealed class DescriptorHandle : SafeHandleMinusOneIsInvalid
{
    public DescriptorHandle()
        : base(ownsHandle: true)
    {
    }

    public DescriptorHandle(int descriptor, bool ownsHandle = true)
        : base(ownsHandle) => SetHandle(descriptor);

    /// <summary>For messages and tables; a system call takes the handle itself.</summary>
    public int Number => (int)handle;

    // After EINTR the descriptor is gone on Linux: closing again could hit somebody else's.
    protected override bool ReleaseHandle() => Libc.Close((int)handle) == 0 || Errno.Last == Errno.EINTR;
}
