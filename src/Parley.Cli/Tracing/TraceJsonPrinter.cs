using System.Buffers;
using System.Text;
using System.Text.Json;
using Parley.Cli.Output;

namespace Parley.Cli.Tracing;

/// <summary>Shows each call as one JSON object a line.</summary>
internal sealed class TraceJsonPrinter : CallObserver
{
    public override void OnCall(in SystemCall call)
    {
        var buffer = new ArrayBufferWriter<byte>(256);
        using (var json = new Utf8JsonWriter(buffer, JsonText.Options))
        {
            json.WriteStartObject();
            json.WriteString("time", DateTimeOffset.UtcNow);
            json.WriteString("call", call.Name);
            json.WriteNumber("descriptor", call.Descriptor);
            json.WriteNumber("result", call.Result);
            if (call.ErrorName is { } error)
                json.WriteString("errno", error);
            else
                json.WriteNull("errno");
            json.WriteNumber("duration_us", Math.Round(call.Duration.TotalMicroseconds, 1));
            if (call.EndPoint is { } endPoint)
                json.WriteString("endpoint", ParleyEndPoint.Format(endPoint));
            json.WriteString("meaning", CallMeaning.Of(call));
            if (call.Tcp is { } tcp)
                WriteTcp(json, tcp);
            json.WriteEndObject();
        }

        StandardError.WriteLine(Encoding.UTF8.GetString(buffer.WrittenSpan));
    }

    private static void WriteTcp(Utf8JsonWriter json, TcpStatistics tcp)
    {
        json.WriteStartObject("tcp");
        json.WriteNumber("rtt_us", tcp.RoundTrip.TotalMicroseconds);
        json.WriteNumber("rtt_variation_us", tcp.RoundTripVariation.TotalMicroseconds);
        json.WriteNumber("retransmits", tcp.Retransmits);
        json.WriteNumber("bytes_acked", tcp.BytesAcknowledged);
        json.WriteNumber("bytes_received", tcp.BytesReceived);
        json.WriteEndObject();
    }
}
