using System.Globalization;

namespace Parley.Cli.Demo;

/// <summary>Takes one channel through the tutorial and two measurements, with two processes for each.</summary>
internal sealed class DemoRun(string folder)
{
    internal const string Expected = "Server Message";

    internal async Task<DemoRow> RunAsync(DemoChannel channel)
    {
        string used = channel.Name;
        try
        {
            (string received, used) = await channel.TalkAsync(folder);
            if (received != Expected)
                return new DemoRow(channel.Name, used, received, null, null, $"expected '{Expected}'");
            double roundTrip = await MeasureAsync(channel, DemoClientCommand.RoundTrip);
            double throughput = await MeasureAsync(channel, DemoClientCommand.Throughput);
            return new DemoRow(channel.Name, used, received, TimeSpan.FromMicroseconds(roundTrip), throughput, null);
        }
        catch (Exception failure) when (failure is IOException or TimeoutException or FormatException)
        {
            return new DemoRow(channel.Name, used, null, null, null, failure.Message);
        }
    }

    private async Task<double> MeasureAsync(DemoChannel channel, string measure)
        => double.Parse(await channel.MeasureAsync(folder, measure), CultureInfo.InvariantCulture);
}
