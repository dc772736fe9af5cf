namespace Parley.Cli.Tests;

/// <summary>Folders that live as long as the test run.</summary>
internal static class RunFolder
{
    public static string Create(string name)
    {
        string folder = Directory.CreateTempSubdirectory(name).FullName;
        AppDomain.CurrentDomain.ProcessExit += (_, _) =>
        {
            try
            {
                Directory.Delete(folder, recursive: true);
            }
            catch (IOException)
            {
                // Left to the system's own cleaning of /tmp.
            }
        };
        return folder;
    }
}
