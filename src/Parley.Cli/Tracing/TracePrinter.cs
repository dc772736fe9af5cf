using System.Globalization;
using Parley.Cli.Output;

namespace Parley.Cli.Tracing;

/// <summary>Shows each call as a line: what, on which descriptor, what came of it, how long it took, and what it means.</summary>
internal sealed class TracePrinter : CallObserver
{
    private static readonly (string Name, string Plain, string Strong, string Bad, string Faint) Colors =
        StandardError.HasColor ? ("\u001b[36m", "\u001b[0m", "\u001b[1m", "\u001b[31m", "\u001b[2m") : ("", "", "", "", "");

    public override void OnCall(in SystemCall call)
    {
        string arguments = call.Name is "socket" or "spawn" or "open" ? "" : $"fd {call.Descriptor}";
        string head = $"{call.Name}({arguments})";
        string result = call.ErrorNumber == 0
            ? call.Result.ToString(CultureInfo.InvariantCulture)
            : $"{Colors.Bad}-1 {call.ErrorName}{Colors.Plain}";
        StandardError.WriteLine(
            $"{Colors.Name}{head,-16}{Colors.Plain} = {Colors.Strong}{result,-6}{Colors.Plain} {Format(call.Duration),10}  {PlainText.OneLine(CallMeaning.Of(call))}");
        if (call.Tcp is { } tcp)
        {
            StandardError.WriteLine(
                $"{Colors.Faint}{"",-37}TCP_INFO: round trip {Format(tcp.RoundTrip)} (± {Format(tcp.RoundTripVariation)}), "
                + $"{tcp.Retransmits} retransmits, {tcp.BytesAcknowledged} bytes acknowledged, {tcp.BytesReceived} received{Colors.Plain}");
        }
    }

    private static string Format(TimeSpan time) => Units.Duration(time);
}
