using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Parley.Interop.Linux;

namespace Parley.Transports.Descriptors;

/// <summary>
/// A signal that does nothing but end the system call in which a thread of this process is blocked: nothing else ends it that other
/// processes would not notice.
/// </summary>
internal static unsafe class InterruptSignal
{
    // Means nothing to a program that has not asked for it, and arrives whatever RLIMIT_SIGPENDING says, which real-time signals do not.
    private const int Urgent = 23;

    // Otherwise a real-time signal, the last ones first: the runtime and libraries take theirs from the other end.
    private const int First = 62;
    private const int Last = 40;

    [ThreadStatic]
    private static nint _thread;

    /// <summary>Whether there is one; otherwise nothing may block in the kernel.</summary>
    internal static bool IsThere => Handler.Number != 0;

    /// <summary>The calling thread, made ready to be interrupted. It may have been started with every signal blocked.</summary>
    internal static nint CurrentThread
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => _thread is var thread and not 0 ? thread : Prepare();
    }

    internal static void Send(nint thread)
    {
        // EAGAIN is a full queue of signals: whoever sends tries again as long as the thread is there.
        int error = Libc.PThreadKill(thread, Handler.Number);
        if (error is not 0 and not Errno.EAGAIN)
            throw new InvalidOperationException($"A blocked thread cannot be interrupted: {Errno.Name(error)}.");
    }

    private static nint Prepare()
    {
        int bits = sizeof(nuint) * 8;
        nuint* set = stackalloc nuint[Libc.SigSetSize / sizeof(nuint)];
        new Span<byte>(set, Libc.SigSetSize).Clear();
        set[(Handler.Number - 1) / bits] = (nuint)1 << ((Handler.Number - 1) % bits);
        if (Libc.PThreadSigMask(Libc.SIG_UNBLOCK, set, null) is int error and not 0)
            throw new InvalidOperationException($"A signal cannot be let through: {Errno.Name(error)}.");
        return _thread = Libc.PThreadSelf();
    }

    // The handler is a function of C's own that takes a number and changes nothing: managed code must not run in one. Without SA_RESTART the
    // system call ends with EINTR.
    private static int Install()
    {
        if (!NativeLibrary.TryGetExport(NativeLibrary.GetMainProgramHandle(), "abs", out nint harmless))
            return 0;
        byte* before = stackalloc byte[Libc.SigActionSize];
        byte* action = stackalloc byte[Libc.SigActionSize];
        new Span<byte>(action, Libc.SigActionSize).Clear();
        *(nint*)action = harmless;
        for (int number = Urgent; number >= Last || number == Urgent; number = number == Urgent ? First : number - 1)
        {
            new Span<byte>(before, Libc.SigActionSize).Clear();
            if (Libc.SigAction(number, null, before) == 0 && *(nint*)before == Libc.SIG_DFL && Libc.SigAction(number, action, null) == 0)
                return number;
        }

        return 0;
    }

    // Of its own, so that who only asks for the thread does not ask whether the handler is installed.
    private static class Handler
    {
        internal static readonly int Number = Install();
    }
}
