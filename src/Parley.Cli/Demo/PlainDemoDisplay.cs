using Parley.Cli.Output;

namespace Parley.Cli.Demo;

/// <summary>A line a channel, as soon as it is known, and one that sums them up.</summary>
internal sealed class PlainDemoDisplay : IDemoDisplay
{
    public async Task<DemoRow[]> ShowAsync(DemoChannel[] channels, Func<DemoChannel, Task<DemoRow>> run)
    {
        var rows = new DemoRow[channels.Length];
        StandardOutput.PrintLine($"{"channel",-22} {"received",-16} {DemoWords.RoundTrip,16} {"throughput",14}");
        for (int i = 0; i < channels.Length; i++)
        {
            DemoRow row = rows[i] = await run(channels[i]);
            StandardOutput.PrintLine(row.Succeeded
                ? $"{row.Channel,-22} {row.Received,-16} {Units.Duration(row.RoundTrip!.Value),16} {Units.Bytes(row.BytesPerSecond!.Value) + "/s",14}"
                : $"{row.Channel,-22} failed: {PlainText.OneLine(row.Failure!)}");
        }

        if (DemoWords.Lead(rows) is { } lead)
            StandardOutput.PrintLine(lead);
        StandardOutput.PrintLine(DemoWords.Outcome(rows));
        return rows;
    }
}
