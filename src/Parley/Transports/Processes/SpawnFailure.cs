using Parley.Interop.Linux;

namespace Parley.Transports.Processes;

/// <summary>Says what is missing: the kernel has one error number for the program, its interpreter and the folder.</summary>
internal static class SpawnFailure
{
    internal static ConnectionException Of(int error, string path, ProcessEndPoint program)
    {
        Reason reason = error switch
        {
            Errno.ENOTDIR => Reason.NotFound,
            Errno.E2BIG => Reason.TooLarge,
            _ => ErrnoReasons.Of(error, Step.Open),
        };
        return new ConnectionException(Step.Open, reason, program, Describe(error, path, program), error);
    }

    private static string Describe(int error, string path, ProcessEndPoint program)
    {
        string? folder = program.WorkingDirectory;
        if (error is Errno.ENOENT or Errno.ENOTDIR or Errno.EACCES && folder is not null && !Directory.Exists(folder))
            return $"no such working directory: {folder}";
        string whole = folder is null ? path : Path.Combine(folder, path);
        return error switch
        {
            Errno.ENOENT when File.Exists(whole) => "the interpreter that it names does not exist",
            Errno.ENOENT or Errno.ENOTDIR => "no such program",
            Errno.EACCES when Directory.Exists(whole) => "it is a directory",
            Errno.EACCES => "this user may not execute it",
            Errno.ENOEXEC => "it is no program: a script begins with #! and its interpreter",
            Errno.E2BIG => "its arguments and its environment are too long",
            _ => Errno.Describe(error),
        };
    }
}
