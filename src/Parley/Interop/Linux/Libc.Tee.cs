using System.Runtime.InteropServices;

namespace Parley.Interop.Linux;

internal static partial class Libc
{
    /// <summary>Copies from one pipe to another without taking anything out of the first.</summary>
    [LibraryImport(Library, EntryPoint = "tee", SetLastError = true)]
    internal static partial nint Tee(DescriptorHandle from, DescriptorHandle to, nuint length, uint flags);
}
