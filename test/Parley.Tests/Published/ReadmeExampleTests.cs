using System.Diagnostics;
using System.Text.RegularExpressions;

namespace Parley.Tests.Published;

/// <summary>What the README, and the guide on messages, show as a program is one, and does what it says.</summary>
public sealed partial class ReadmeExampleTests
{
    private static readonly TimeSpan BuildAndRun = TimeSpan.FromMinutes(3);

    [Fact]
    public async Task Examples_OfTheReadme_RunAndPrintTheServersMessage()
    {
        string readme = await File.ReadAllTextAsync(Path.Combine(Repository.Root, "README.md"));
        string[] programs = [.. CodeBlock().Matches(readme).Select(match => match.Groups["code"].Value)];
        Assert.True(programs.Length > 0, "README.md has no csharp block");

        for (int i = 0; i < programs.Length; i++)
        {
            string what = $"csharp block {i + 1} of README.md";
            string output = await RunAsync(what, programs[i]);
            Assert.True(output.Contains("Server Message", StringComparison.Ordinal), $"{what} did not print 'Server Message':\n{output}");
        }
    }

    [SkippableTheory]
    [InlineData("message-queues.md")]
    [InlineData("shared-memory.md")]
    public async Task Examples_OfTheGuide_RunAndPrintWhatItSays(string chapter)
    {
        Skip.IfNot(OperatingSystem.IsLinux(), "message queues and shared memory need Linux");
        string page = await File.ReadAllTextAsync(Path.Combine(Repository.Root, "docs", "guide", chapter));
        MatchCollection programs = CodeAndOutput().Matches(page);
        Assert.NotEmpty(programs);
        Assert.Equal(CodeBlock().Count(page), programs.Count);

        for (int i = 0; i < programs.Count; i++)
            Assert.Equal(programs[i].Groups["output"].Value, await RunAsync($"csharp block {i + 1} of {chapter}", programs[i].Groups["code"].Value));
    }

    /// <returns>What it has printed.</returns>
    private static async Task<string> RunAsync(string what, string program)
    {
        using var folder = new TestFolder();
        await File.WriteAllTextAsync(folder["Example.csproj"], Project());
        await File.WriteAllTextAsync(folder["Program.cs"], program);

        (int exitCode, string output, string error) = await RunAsync(folder);

        Assert.True(exitCode == 0, $"{what} ended with {exitCode}:\n{output}\n{error}");
        return output;
    }

    private static string Project()
    {
        string references = string.Join("\n    ", new[] { "Parley.dll", "Microsoft.Extensions.Logging.Abstractions.dll" }
            .Select(file => Path.Combine(AppContext.BaseDirectory, file))
            .Select(file => $"<Reference Include=\"{Path.GetFileNameWithoutExtension(file)}\" HintPath=\"{file}\" />"));
        return $"""
            <Project Sdk="Microsoft.NET.Sdk">
              <PropertyGroup>
                <OutputType>Exe</OutputType>
                <TargetFramework>net{Environment.Version.Major}.0</TargetFramework>
                <Nullable>enable</Nullable>
                <ImplicitUsings>enable</ImplicitUsings>
                <UseAppHost>false</UseAppHost>
                <NuGetAudit>false</NuGetAudit>
              </PropertyGroup>
              <ItemGroup>
                {references}
              </ItemGroup>
            </Project>
            """;
    }

    private static async Task<(int ExitCode, string Output, string Error)> RunAsync(TestFolder folder)
    {
        string? host = Environment.GetEnvironmentVariable("DOTNET_HOST_PATH");
        string[] arguments = ["run", "--disable-build-servers", "--project", folder["Example.csproj"]];
        var start = new ProcessStartInfo(string.IsNullOrEmpty(host) ? "dotnet" : host, arguments)
        {
            WorkingDirectory = folder.Path,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };

        // What the test run's own build has set must not reach this one.
        string[] foreign = [.. start.Environment.Keys.Where(name => name.StartsWith("MSBUILD", StringComparison.OrdinalIgnoreCase))];
        foreach (string name in foreign)
            start.Environment.Remove(name);
        using Process process = Process.Start(start)!;
        process.StandardInput.Close();
        Task<string> output = process.StandardOutput.ReadToEndAsync();
        Task<string> error = process.StandardError.ReadToEndAsync();
        try
        {
            await process.WaitForExitAsync().Within(BuildAndRun);
            return (process.ExitCode, await output.Within(), await error.Within());
        }
        finally
        {
            if (!process.HasExited)
                process.Kill(entireProcessTree: true);
        }
    }

    [GeneratedRegex(@"^```csharp[^\n]*\n(?<code>.*?)^```", RegexOptions.Multiline | RegexOptions.Singleline)]
    private static partial Regex CodeBlock();

    [GeneratedRegex(@"^```csharp[^\n]*\n(?<code>.*?)^```\n\n```text\n(?<output>.*?)^```", RegexOptions.Multiline | RegexOptions.Singleline)]
    private static partial Regex CodeAndOutput();
}
