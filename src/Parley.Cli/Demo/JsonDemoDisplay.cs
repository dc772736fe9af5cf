using System.Buffers;
using System.Text;
using System.Text.Json;
using Parley.Cli.Output;

namespace Parley.Cli.Demo;

/// <summary>A JSON object a channel.</summary>
internal sealed class JsonDemoDisplay : IDemoDisplay
{
    public async Task<DemoRow[]> ShowAsync(DemoChannel[] channels, Func<DemoChannel, Task<DemoRow>> run)
    {
        var rows = new DemoRow[channels.Length];
        for (int i = 0; i < channels.Length; i++)
        {
            rows[i] = await run(channels[i]);
            StandardOutput.PrintLine(Format(rows[i]));
        }

        return rows;
    }

    private static string Format(DemoRow row)
    {
        var buffer = new ArrayBufferWriter<byte>(256);
        using (var json = new Utf8JsonWriter(buffer, JsonText.Options))
        {
            json.WriteStartObject();
            json.WriteString("channel", row.Channel);
            json.WriteString("endpoint", row.EndPoint);
            json.WriteString("received", row.Received);
            if (row.RoundTrip is TimeSpan roundTrip)
                json.WriteNumber("round_trip_us", roundTrip.TotalMicroseconds);
            if (row.BytesPerSecond is double rate)
                json.WriteNumber("bytes_per_second", Math.Round(rate));
            if (row.Failure is not null)
                json.WriteString("failure", row.Failure);
            json.WriteEndObject();
        }

        return Encoding.UTF8.GetString(buffer.WrittenSpan);
    }
}
