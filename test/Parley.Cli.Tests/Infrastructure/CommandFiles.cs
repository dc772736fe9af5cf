namespace Parley.Cli.Tests;

/// <summary>Where the command is: a native binary that PARLEY_COMMAND names, else the build beside the tests.</summary>
internal static class CommandFiles
{
    // Not parley.dll: assembly names ignore case, and the library is Parley.dll.
    private const string Assembly = "Parley.Cli.dll";

    private static readonly Lazy<string[]> Public = new(CopyForEveryone);

    /// <summary>The words that start the command.</summary>
    public static string[] Words { get; } = Find();

    /// <summary>The same for another user, who may not be able to look into the build's folder.</summary>
    public static string[] PublicWords => Public.Value;

    private static string[] Find()
    {
        string? native = Environment.GetEnvironmentVariable("PARLEY_COMMAND");
        string file = string.IsNullOrEmpty(native) ? Path.Combine(AppContext.BaseDirectory, Assembly) : Path.GetFullPath(native);
        if (!File.Exists(file))
            throw new FileNotFoundException($"the command to test is not there: {file}");
        if (!string.IsNullOrEmpty(native))
            return [file];
        string? host = Environment.GetEnvironmentVariable("DOTNET_HOST_PATH");
        return [string.IsNullOrEmpty(host) ? "dotnet" : host, file];
    }

    private static string[] CopyForEveryone()
    {
        const UnixFileMode Readable = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute
            | UnixFileMode.GroupRead | UnixFileMode.GroupExecute | UnixFileMode.OtherRead | UnixFileMode.OtherExecute;
        string folder = RunFolder.Create("parley-public");
        File.SetUnixFileMode(folder, Readable);
        string command = Words[^1];
        IEnumerable<string> files = Words.Length == 1
            ? [command]
            : Directory.EnumerateFiles(Path.GetDirectoryName(command)!).Where(file => Path.GetExtension(file) is ".dll" or ".json");
        foreach (string file in files)
        {
            string copy = Path.Combine(folder, Path.GetFileName(file));
            File.Copy(file, copy);
            File.SetUnixFileMode(copy, Readable);
        }

        return [.. Words[..^1], Path.Combine(folder, Path.GetFileName(command))];
    }
}
