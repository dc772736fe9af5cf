using System.Runtime.InteropServices;

namespace Parley.Tests;

/// <summary>System calls that .NET has no name for.</summary>
internal static partial class Native
{
    public static uint UserId => GetEffectiveUserId();

    [LibraryImport("libc", EntryPoint = "geteuid")]
    private static partial uint GetEffectiveUserId();
}
