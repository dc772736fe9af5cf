using System.Runtime.InteropServices;

namespace Parley.Tests;

/// <summary>System calls that .NET has no name for.</summary>
internal static partial class Native
{
    public static uint UserId => GetEffectiveUserId();

    /// <summary>Runs code while this process can open no further descriptor. Nothing else may run meanwhile.</summary>
    public static async Task WithoutFreeDescriptorsAsync(Func<Task> code)
    {
        const int OpenFiles = 7;
        Assert.Equal(0, GetLimit(OpenFiles, out Limit before));
        Assert.Equal(0, SetLimit(OpenFiles, before with { Soft = 0 }));
        try
        {
            await code();
        }
        finally
        {
            Assert.Equal(0, SetLimit(OpenFiles, before));
        }
    }

    [LibraryImport("libc", EntryPoint = "getrlimit", SetLastError = true)]
    private static partial int GetLimit(int resource, out Limit limit);

    [LibraryImport("libc", EntryPoint = "setrlimit", SetLastError = true)]
    private static partial int SetLimit(int resource, in Limit limit);

    [LibraryImport("libc", EntryPoint = "geteuid")]
    private static partial uint GetEffectiveUserId();

    /// <summary>Lowers how many files this process may have open; <see langword="null"/> puts the former number back.</summary>
    public static unsafe void SetOpenFiles(ulong? number)
    {
        ulong* limit = stackalloc ulong[2];
        Assert.Equal(0, GetLimit(OpenFiles, limit));
        if (number is not null)
            _formerOpenFiles = limit[0];
        limit[0] = number ?? _formerOpenFiles;
        Assert.Equal(0, SetLimit(OpenFiles, limit));
    }

    private const int OpenFiles = 7;

    private static ulong _formerOpenFiles;

    [LibraryImport("libc", EntryPoint = "getrlimit")]
    private static unsafe partial int GetLimit(int resource, ulong* limit);

    [LibraryImport("libc", EntryPoint = "setrlimit")]
    private static unsafe partial int SetLimit(int resource, ulong* limit);
    /// <summary><c>struct rlimit</c>.</summary>
    private record struct Limit(nuint Soft, nuint Hard);
}
