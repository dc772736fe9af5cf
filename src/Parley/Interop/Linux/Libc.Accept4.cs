using System.Runtime.InteropServices;

namespace Parley.Interop.Linux;

internal static unsafe partial class Libc
{
    [LibraryImport(Library, EntryPoint = "accept4", SetLastError = true)]
    internal static partial DescriptorHandle Accept4(DescriptorHandle socket, byte* address, uint* length, int flags);

    /// <summary>The same for a client whose conversation is over before anybody else knows its descriptor.</summary>
    [LibraryImport(Library, EntryPoint = "accept4", SetLastError = true)]
    internal static partial int Accept4Number(DescriptorHandle socket, byte* address, uint* length, int flags);
}
