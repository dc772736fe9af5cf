using System.Runtime.CompilerServices;
using Parley.Interop.Linux;

namespace Parley.Transports.Processes;

/// <summary>
/// One <c>posix_spawn</c>. It starts the child without a copy of this process's memory, and closes in it, by close-on-exec, everything
/// but the three standard streams.
/// </summary>
internal static unsafe class SpawnRequest
{
    private const int StandardInput = 0;
    private const int StandardOutput = 1;
    private const int WordsOfSignalSet = 16;

    /// <summary>Starts <paramref name="path"/>.</summary>
    /// <returns>0 or the error number.</returns>
    [SkipLocalsInit]
    internal static int Start(string path, ProcessEndPoint program, DescriptorHandle input, DescriptorHandle output, out int pid)
    {
        byte* actions = stackalloc byte[Libc.SpawnStructSize];
        byte* attributes = stackalloc byte[Libc.SpawnStructSize];
        Check(Libc.PosixSpawnFileActionsInit(actions));
        Check(Libc.PosixSpawnAttributesInit(attributes));
        try
        {
            Check(Libc.PosixSpawnFileActionsAddDup2(actions, input.Number, StandardInput));
            Check(Libc.PosixSpawnFileActionsAddDup2(actions, output.Number, StandardOutput));
            if (program.WorkingDirectory is not null)
            {
                fixed (byte* folder = FileStatus.PathBytes(program.WorkingDirectory))
                    Check(Libc.PosixSpawnFileActionsAddChDir(actions, folder));
            }

            RestoreBrokenPipe(attributes);
            using var arguments = new StringTable([program.Program, .. program.Arguments]);
            using var environment = new StringTable(ChildEnvironment.Of(program));
            int started;
            int error;
            fixed (byte* name = FileStatus.PathBytes(path))
                error = Libc.PosixSpawn(&started, name, actions, attributes, arguments.Pointer, environment.Pointer);
            pid = started;
            return error;
        }
        finally
        {
            Check(Libc.PosixSpawnFileActionsDestroy(actions));
            Check(Libc.PosixSpawnAttributesDestroy(attributes));
        }
    }

    // .NET ignores the signal, and what is ignored stays so over exec: `yes` would go on when nobody reads it.
    private static void RestoreBrokenPipe(byte* attributes)
    {
        nuint* signals = stackalloc nuint[WordsOfSignalSet];
        new Span<nuint>(signals, WordsOfSignalSet).Clear();
        signals[0] = (nuint)1 << (Signal.SIGPIPE - 1);
        Check(Libc.PosixSpawnAttributesSetDefaultSignals(attributes, signals));
        Check(Libc.PosixSpawnAttributesSetFlags(attributes, Libc.POSIX_SPAWN_SETSIGDEF));
    }

    private static void Check(int error)
    {
        if (error != 0)
            throw ConnectionException.FromErrno(Step.Open, error, null);
    }
}
