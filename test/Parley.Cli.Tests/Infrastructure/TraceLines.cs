using System.Text.Json;

namespace Parley.Cli.Tests;

/// <summary>One line of <c>--trace-json</c>.</summary>
internal sealed record TraceLine(JsonElement Json)
{
    public string Call => Json.GetProperty("call").GetString()!;

    public string? Error => Json.TryGetProperty("errno", out JsonElement errno) && errno.ValueKind == JsonValueKind.String ? errno.GetString() : null;

    public long Result => Json.GetProperty("result").GetInt64();

    public bool IsCall(string name) => string.Equals(Call, name, StringComparison.Ordinal);
}

internal static class TraceLines
{
    public static TraceLine[] Parse(string error) =>
    [
        .. error.Split('\n')
            .Where(line => line.StartsWith('{'))
            .Select(line =>
            {
                using JsonDocument document = JsonDocument.Parse(line);
                return new TraceLine(document.RootElement.Clone());
            }),
    ];

    /// <summary>The calls happen in this order; others may come between.</summary>
    public static void MustHaveInOrder(string error, params string[] calls)
    {
        string[] seen = [.. Parse(error).Select(line => line.Call)];
        int at = 0;
        foreach (string call in calls)
        {
            int found = Array.IndexOf(seen, call, at);
            Assert.True(found >= 0, $"no '{call}' after the first {at} of: {CommandResult.Shorten(string.Join(' ', seen))}");
            at = found + 1;
        }
    }
}
