using System.Runtime.InteropServices;

namespace Parley.Interop.Linux;

internal static unsafe partial class Libc
{
    /// <summary>Waits until the device has the file's contents, what was written through a mapping among them.</summary>
    [LibraryImport(Library, EntryPoint = "fdatasync", SetLastError = true)]
    internal static partial int FDataSync(DescriptorHandle file);
}
