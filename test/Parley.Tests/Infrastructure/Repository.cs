namespace Parley.Tests;

/// <summary>The sources that these tests were built from.</summary>
internal static class Repository
{
    public static string Root { get; } = Find();

    private static string Find()
    {
        for (string? folder = AppContext.BaseDirectory; folder is not null; folder = Path.GetDirectoryName(folder))
        {
            if (File.Exists(Path.Combine(folder, "Parley.slnx")))
                return folder;
        }

        throw new DirectoryNotFoundException($"no Parley.slnx above {AppContext.BaseDirectory}");
    }
}
