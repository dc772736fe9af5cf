namespace Parley.Cli.Tests;

/// <summary>A folder of one test, under /tmp so that socket paths stay short, gone when the test ends.</summary>
internal sealed class TestFolder : IDisposable
{
    public TestFolder() => Path = Directory.CreateTempSubdirectory("pt").FullName;

    public string Path { get; }

    public string this[string name] => System.IO.Path.Combine(Path, name);

    /// <summary>Lets any user look into the folder and, where asked, put files there.</summary>
    public TestFolder OpenToAll(bool writable = false)
    {
        UnixFileMode others = UnixFileMode.GroupRead | UnixFileMode.GroupExecute | UnixFileMode.OtherRead | UnixFileMode.OtherExecute;
        if (writable)
            others |= UnixFileMode.GroupWrite | UnixFileMode.OtherWrite;
        File.SetUnixFileMode(Path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute | others);
        return this;
    }

    public void Dispose()
    {
        try
        {
            Directory.Delete(Path, recursive: true);
        }
        catch (IOException)
        {
            // A process that is just being killed may still be writing there; /tmp is cleaned by the system.
        }
    }
}
