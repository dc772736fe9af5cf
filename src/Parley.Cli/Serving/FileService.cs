using Microsoft.Win32.SafeHandles;
using Parley.Cli.Output;

namespace Parley.Cli.Serving;

/// <summary>Streams a file to each client, as long as the file is when it is read.</summary>
internal sealed class FileService : Service, IDisposable
{
    private readonly string _path;
    private readonly SafeFileHandle _file;

    internal FileService(string path)
    {
        if (Directory.Exists(path))
            throw new CommandException($"cannot open {path}: is a directory (EISDIR)", ExitCode.Failed);
        _path = path;
        _file = Open(path);
        if (IsRegular(_file))
            return;
        _file.Dispose();
        throw new CommandException($"cannot serve {path}: it is no regular file, which could be given to each client anew", ExitCode.Failed);
    }

    internal override string Description => $"give the file {_path} to";

    internal override long? Size => RandomAccess.GetLength(_file);

    internal override async ValueTask ServeAsync(Connection client, CancellationToken cancellationToken)
    {
        await client.SendFileAsync(_file, cancellationToken: cancellationToken);
        await client.CompleteWritesAsync(cancellationToken);
    }

    public void Dispose() => _file.Dispose();

    private static SafeFileHandle Open(string path)
    {
        try
        {
            return File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, FileOptions.SequentialScan);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw new CommandException($"cannot open {path}: {SystemError.Describe(failure)}", failure is UnauthorizedAccessException ? ExitCode.RefusedForSecurity : ExitCode.Failed);
        }
    }

    private static bool IsRegular(SafeFileHandle file)
    {
        try
        {
            return RandomAccess.GetLength(file) >= 0;
        }
        catch (NotSupportedException)
        {
            return false;
        }
    }
}
