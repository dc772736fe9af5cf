namespace Parley.Tests;

/// <summary>A folder of one test, under /tmp so that socket paths stay short, gone when the test ends.</summary>
internal sealed class TestFolder : IDisposable
{
    public string Path { get; } = Directory.CreateTempSubdirectory("pt").FullName;

    public string this[string name] => System.IO.Path.Combine(Path, name);

    /// <summary>A path in this folder that has exactly so many bytes.</summary>
    public string OfLength(int bytes) => this[new string('x', bytes - Path.Length - 1)];

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
