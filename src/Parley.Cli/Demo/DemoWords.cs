using System.Globalization;

namespace Parley.Cli.Demo;

/// <summary>What every display of the demo says.</summary>
internal static class DemoWords
{
    internal static readonly string RoundTrip = $"round trip, {DemoClientCommand.MessageSize} B";

    /// <summary>The last line.</summary>
    internal static string Outcome(DemoRow[] rows) => rows.Count(static row => !row.Succeeded) switch
    {
        0 => $"{rows.Length} channels, each between a server process and a client process: all of them talk.",
        int failures => $"{failures} of {rows.Length} channels failed.",
    };

    /// <summary>By how much shared memory is ahead of the best of the others; <see langword="null"/> where one of the two is missing.</summary>
    internal static string? Lead(DemoRow[] rows)
    {
        DemoRow[] shared = [.. rows.Where(static row => row.Succeeded && IsShared(row))];
        DemoRow[] others = [.. rows.Where(static row => row.Succeeded && !IsShared(row))];
        if (shared.Length == 0 || others.Length == 0)
            return null;
        DemoRow nearest = others.MinBy(static row => row.RoundTrip!.Value)!;
        DemoRow widest = others.MaxBy(static row => row.BytesPerSecond!.Value)!;
        double sooner = nearest.RoundTrip!.Value / shared.Min(static row => row.RoundTrip!.Value);
        double wider = shared.Max(static row => row.BytesPerSecond!.Value) / widest.BytesPerSecond!.Value;
        return string.Create(
            CultureInfo.InvariantCulture,
            $"Shared memory against the best of the others: {sooner:0.0} times as fast there and back ({nearest.Channel}), {wider:0.0} times the throughput ({widest.Channel}).");
    }

    private static bool IsShared(DemoRow row) => row.EndPoint.StartsWith("shm:", StringComparison.Ordinal);
}
