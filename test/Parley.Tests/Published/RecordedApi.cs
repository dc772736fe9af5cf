using System.Reflection;

namespace Parley.Tests.Published;

/// <summary>The public API that a test project has recorded in its <c>PublicApi.txt</c>.</summary>
internal static class RecordedApi
{
    private const string FileName = "PublicApi.txt";
    private const string AcceptVariable = "UPDATE_PUBLIC_API";

    internal static async Task CheckAsync(Assembly assembly, string testProject)
    {
        string source = Path.Combine("test", testProject, FileName);
        string[] actual = PublicApi.Describe(assembly);
        if (Environment.GetEnvironmentVariable(AcceptVariable) == "1")
        {
            await File.WriteAllLinesAsync(Path.Combine(Repository.Root, source), actual);
            return;
        }

        string recordedFile = Path.Combine(AppContext.BaseDirectory, FileName);
        string[] recorded = await File.ReadAllLinesAsync(recordedFile);
        if (recorded.SequenceEqual(actual))
            return;

        string actualFile = Path.Combine(AppContext.BaseDirectory, "PublicApi.actual.txt");
        await File.WriteAllLinesAsync(actualFile, actual);
        Assert.Fail(
            $"""
            The public API is not the one that {source} records (- recorded, + actual):
            {string.Join('\n', Differences(recorded, actual))}

            All of it is in {actualFile}.
            To accept it, run this test once with {AcceptVariable}=1, and look at the change before it is committed.
            """);
    }

    // Each line names its type, so lines can be compared as sets.
    private static IEnumerable<string> Differences(string[] recorded, string[] actual)
        => recorded.Except(actual, StringComparer.Ordinal).Select(line => "- " + line)
            .Concat(actual.Except(recorded, StringComparer.Ordinal).Select(line => "+ " + line))
            .OrderBy(line => line[2..], StringComparer.Ordinal)
            .DefaultIfEmpty("(only the order of the lines)");
}
