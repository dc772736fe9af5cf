namespace Parley.Cli.Tests;

/// <summary>Programs of the system. A test that needs one which is not there is skipped with the reason.</summary>
internal static class Programs
{
    public static string Require(string name)
    {
        string? found = Find(name);
        Skip.If(found is null, $"{name} is not installed");
        return found!;
    }

    public static void RequireRoot(string purpose) => Skip.IfNot(Environment.IsPrivilegedProcess, $"{purpose} needs root");

    public static string? Find(string name)
    {
        string folders = (Environment.GetEnvironmentVariable("PATH") ?? "") + ":/usr/bin:/bin:/usr/sbin:/sbin";
        return folders.Split(':', StringSplitOptions.RemoveEmptyEntries)
            .Select(folder => Path.Combine(folder, name))
            .FirstOrDefault(File.Exists);
    }
}
