using System.Globalization;

namespace Parley.Cli.Demo;

/// <summary>Takes one channel through the tutorial and two measurements, with a server and a client process for each.</summary>
internal sealed class DemoRun(string folder)
{
    private const string Expected = "Server Message";

    internal async Task<DemoRow> RunAsync(DemoChannel channel)
    {
        string endPoint = channel.EndPoint(folder, Name());
        try
        {
            (string received, endPoint) = await TalkAsync(endPoint);
            if (received != Expected)
                return new DemoRow(channel.Name, endPoint, received, null, null, $"expected '{Expected}'");
            double roundTrip = await MeasureAsync(channel.EndPoint(folder, Name()), "--echo", DemoClientCommand.RoundTrip);
            double throughput = await MeasureAsync(channel.EndPoint(folder, Name()), "--discard", DemoClientCommand.Throughput);
            return new DemoRow(channel.Name, endPoint, received, TimeSpan.FromMicroseconds(roundTrip), throughput, null);
        }
        catch (Exception failure) when (failure is IOException or TimeoutException or FormatException)
        {
            return new DemoRow(channel.Name, endPoint, null, null, null, failure.Message);
        }
    }

    private static async Task<(string Received, string Bound)> TalkAsync(string endPoint)
    {
        (ChildCommand server, string bound) = await ChildCommand.StartServerAsync("serve", endPoint);
        await using (server)
            return (await ChildCommand.RunAsync("connect", bound), bound);
    }

    private static async Task<double> MeasureAsync(string endPoint, string service, string measure)
    {
        (ChildCommand server, string bound) = await ChildCommand.StartServerAsync("serve", endPoint, service);
        await using (server)
            return double.Parse(await ChildCommand.RunAsync(DemoClientCommand.Name, measure, bound), CultureInfo.InvariantCulture);
    }

    private static string Name() => Guid.NewGuid().ToString("N")[..12];
}
