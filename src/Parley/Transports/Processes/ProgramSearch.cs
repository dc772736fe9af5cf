using Parley.Interop.Linux;

namespace Parley.Transports.Processes;

/// <summary>Finds a program as a shell does: a path is taken as it is, a name is looked up in PATH.</summary>
internal static unsafe class ProgramSearch
{
    // What C libraries take where PATH is not set.
    private const string DefaultPath = "/bin:/usr/bin";

    /// <returns>0, or the error number: ENOENT where there is no such file, EACCES where this user may execute none of that name.</returns>
    internal static int Find(string program, out string path)
    {
        path = program;
        if (program.Contains('/'))
            return 0;

        int error = Errno.ENOENT;
        foreach (string folder in (Environment.GetEnvironmentVariable("PATH") ?? DefaultPath).Split(':'))
        {
            // An empty part is the working directory, which is the child's own by the time it counts.
            path = folder.Length == 0 ? "./" + program : $"{folder}/{program}";
            if (!File.Exists(path))
                continue;
            if (MayExecute(path) == 0)
                return 0;
            error = Errno.EACCES;
        }

        return error;
    }

    /// <summary>Whether what was found may be executed: as far as can be told without doing it.</summary>
    /// <returns>0, or the error number.</returns>
    internal static int Look(string path) => Directory.Exists(path) ? Errno.EACCES : MayExecute(path);

    private static int MayExecute(string path)
    {
        fixed (byte* name = FileStatus.PathBytes(path))
            return Libc.Access(name, Libc.X_OK) == 0 ? 0 : Errno.Last;
    }
}
