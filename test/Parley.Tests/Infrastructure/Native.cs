using System.Runtime.InteropServices;

namespace Parley.Tests;

/// <summary>System calls that .NET has no name for.</summary>
internal static partial class Native
{
    public static uint UserId => GetEffectiveUserId();

    /// <summary>The system's number of the calling thread.</summary>
    public static int ThreadId => GetThreadId();

    /// <summary>Runs code while this process can open no further descriptor. Nothing else may run meanwhile.</summary>
    public static async Task WithoutFreeDescriptorsAsync(Func<Task> code)
    {
        const int OpenFiles = 7;
        Assert.Equal(0, GetLimit(OpenFiles, out Limit before));

        // Those of the standard streams are taken. With none at all even a poll of one descriptor fails (EINVAL), and with it the
        // connection over which tests are reported.
        Assert.Equal(0, SetLimit(OpenFiles, before with { Soft = 3 }));
        try
        {
            await code();
        }
        finally
        {
            Assert.Equal(0, SetLimit(OpenFiles, before));
        }
    }

    /// <summary>Sends a signal.</summary>
    public static void Kill(int process, int signal) => Assert.Equal(0, SendSignal(process, signal));

    [LibraryImport("libc", EntryPoint = "kill", SetLastError = true)]
    private static partial int SendSignal(int process, int signal);

    /// <summary>Opens a FIFO without waiting for anybody, and closes it.</summary>
    public static void OpenAndClose(string path, FileAccess access)
    {
        const int ReadWrite = 2;
        const int NonBlocking = 0x800;
        int descriptor = Open(path, (access == FileAccess.ReadWrite ? ReadWrite : 0) | NonBlocking);
        Assert.True(descriptor >= 0);
        Assert.Equal(0, Close(descriptor));
    }

    /// <summary>Another descriptor of what this process has open at a path, as a child has it that was forked and has not called exec yet.</summary>
    public static Interop.Linux.DescriptorHandle Duplicate(string path)
    {
        string open = Assert.Single(Directory.GetFiles("/proc/self/fd"), descriptor => new FileInfo(descriptor).LinkTarget == path);
        int duplicate = Duplicate(int.Parse(Path.GetFileName(open), System.Globalization.CultureInfo.InvariantCulture));
        Assert.True(duplicate >= 0);
        return new Interop.Linux.DescriptorHandle(duplicate);
    }

    [LibraryImport("libc", EntryPoint = "dup", SetLastError = true)]
    private static partial int Duplicate(int descriptor);

    /// <summary>Gives each of two files the other's name, at once.</summary>
    public static void Exchange(string one, string other)
    {
        const int Here = -100;
        const uint RenameExchange = 2;
        Assert.Equal(0, RenameAt(Here, one, Here, other, RenameExchange));
    }

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Open(string path, int flags);

    [LibraryImport("libc", EntryPoint = "close", SetLastError = true)]
    private static partial int Close(int descriptor);

    [LibraryImport("libc", EntryPoint = "renameat2", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int RenameAt(int folder, string name, int otherFolder, string otherName, uint flags);

    /// <summary>Runs code while a soft limit of this process is another one. Nothing else may run meanwhile.</summary>
    public static T WithLimit<T>(int resource, nuint soft, Func<T> code)
    {
        Assert.Equal(0, GetLimit(resource, out Limit before));
        Assert.Equal(0, SetLimit(resource, before with { Soft = soft }));
        try
        {
            return code();
        }
        finally
        {
            Assert.Equal(0, SetLimit(resource, before));
        }
    }

    [LibraryImport("libc", EntryPoint = "getrlimit", SetLastError = true)]
    private static partial int GetLimit(int resource, out Limit limit);

    [LibraryImport("libc", EntryPoint = "setrlimit", SetLastError = true)]
    private static partial int SetLimit(int resource, in Limit limit);

    [LibraryImport("libc", EntryPoint = "gettid")]
    private static partial int GetThreadId();

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
