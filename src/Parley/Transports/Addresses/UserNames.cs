using System.Runtime.InteropServices;
using System.Text;
using Parley.Interop.Linux;

namespace Parley.Transports.Addresses;

/// <summary>Looks users up by their names, wherever the system has them.</summary>
internal static unsafe class UserNames
{
    private const int SmallestBuffer = 1024;
    private const int LargestBuffer = 1024 * 1024;

    /// <returns>The user's number; <see langword="null"/> where there is no such user, or nobody can say.</returns>
    internal static uint? Find(string name)
    {
        if (name.Length == 0 || !OperatingSystem.IsLinux())
            return null;
        byte[] text = Encoding.UTF8.GetBytes(name + '\0');
        for (int size = SmallestBuffer; size <= LargestBuffer; size *= 4)
        {
            byte* buffer = (byte*)NativeMemory.Alloc((nuint)size);
            try
            {
                UserEntry entry;
                UserEntry* found;
                int error;
                fixed (byte* bytes = text)
                    error = Libc.GetPwNam(bytes, &entry, buffer, (nuint)size, &found);
                if (error != Errno.ERANGE)
                    return error == 0 && found is not null ? found->UserId : null;
            }
            finally
            {
                NativeMemory.Free(buffer);
            }
        }

        return null;
    }
}
