using System.Buffers;
using System.CommandLine;
using System.Text;
using System.Text.Json;
using Parley.Cli.Output;

namespace Parley.Cli.Commands;

/// <summary><c>parley inspect</c>: what can be seen of a FIFO without opening it.</summary>
internal static class InspectCommand
{
    internal static Command Build()
    {
        Argument<string> endPoint = NamedObjectArgument.Create();
        var json = new Option<bool>("--json") { Description = "One JSON object a line" };
        var command = new Command("inspect", "Look at a FIFO, or both of a pair, without opening it") { endPoint, json, Verbosity.QuietOption() };
        HelpWithExamples.Attach(command, """
            parley inspect fifo:/tmp/log                    type, permissions, owner
            parley inspect fifo:/tmp/log --json             for scripts
            """);
        command.SetAction(parsed =>
        {
            IReadOnlyList<NamedObjectStatus> all = NamedObject.Inspect(NamedObjectArgument.Get(parsed, endPoint));
            using Stream output = Console.OpenStandardOutput();
            foreach (NamedObjectStatus status in all)
                output.Write(Encoding.UTF8.GetBytes((parsed.GetValue(json) ? Json(status) : Line(status)) + "\n"));
            return ExitCode.Done;
        });
        return command;
    }

    private static string Line(NamedObjectStatus status)
    {
        string line = $"{PlainText.OneLine(ParleyEndPoint.Format(status.EndPoint))}: {status.Type}, mode {Octal(status.Mode)}, owner {status.UserId}:{status.GroupId}";
        if (status.BytesWaiting is long waiting)
            line += $", {waiting} bytes waiting";
        return status.Capacity is int capacity ? line + $", room for {capacity} messages" : line;
    }

    private static string Json(NamedObjectStatus status)
    {
        var buffer = new ArrayBufferWriter<byte>(256);
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            json.WriteString("endpoint", ParleyEndPoint.Format(status.EndPoint));
            json.WriteString("type", status.Type);
            json.WriteString("mode", Octal(status.Mode));
            json.WriteNumber("uid", status.UserId);
            json.WriteNumber("gid", status.GroupId);
            if (status.BytesWaiting is long waiting)
                json.WriteNumber("bytes_waiting", waiting);
            if (status.Capacity is int capacity)
                json.WriteNumber("capacity", capacity);
            json.WriteEndObject();
        }

        return Encoding.UTF8.GetString(buffer.WrittenSpan);
    }

    private static string Octal(UnixFileMode mode) => "0" + Convert.ToString((int)mode, 8).PadLeft(3, '0');
}
