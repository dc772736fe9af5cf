using System.Globalization;
using System.Text;
using Broker = Parley.Tests.Broker;

namespace Parley.Cli.Tests.Guide;

/// <summary>
/// What a page finds that speaks of a broker: one of the test's own, which answers for the one on this machine, with the user that every broker begins with.
/// </summary>
internal sealed class GuideBroker : IAsyncDisposable
{
    private const string User = "guest";

    private readonly (string Page, string Own)[] _places;
    private readonly Broker _broker;

    private GuideBroker(Broker broker)
    {
        _broker = broker;
        _places = [("amqps://127.0.0.1", $"amqps://127.0.0.1:{broker.SecurePort}"), ("amqp://localhost", $"amqp://127.0.0.1:{broker.Port}")];
    }

    internal static bool IsFor(string page) => page.Contains("amqp://localhost", StringComparison.Ordinal);

    /// <summary>Starts it, and puts the programs and files that lead to it into the folder of the page's commands.</summary>
    internal static async Task<GuideBroker> StartAsync(TestFolder folder)
    {
        Broker.SkipWhereThereIsNone();
        Skip.IfNot(Directory.Exists("/usr/lib/python3/dist-packages/pika"), "Debian's python3-pika is not there");
        Broker broker = await Broker.StartAsync();
        try
        {
            await broker.ControlAsync("add_user", User, User);
            await broker.ControlAsync("set_permissions", User, ".*", ".*", ".*");
            await WriteControlAsync(folder["rabbitmqctl"], broker);

            // The system's own, whatever other Python stands before it.
            File.CreateSymbolicLink(folder["python3"], "/usr/bin/python3");
            File.Copy(broker.AuthorityFile, folder["ca.pem"]);
            return new GuideBroker(broker);
        }
        catch
        {
            await broker.DisposeAsync();
            throw;
        }
    }

    internal string ToOwn(string command) => _places.Aggregate(command, static (text, place) => text.Replace(place.Page, place.Own, StringComparison.Ordinal));

    internal string ToPage(string printed) => _places.Aggregate(printed, static (text, place) => text.Replace(place.Own, place.Page, StringComparison.Ordinal));

    public ValueTask DisposeAsync() => _broker.DisposeAsync();

    private static async Task WriteControlAsync(string path, Broker broker)
    {
        var script = new StringBuilder("#!/bin/sh\n");
        foreach ((string name, string value) in broker.Environment)
            script.Append(CultureInfo.InvariantCulture, $"export {name}={Command.Quote(value)}\n");
        script.Append(CultureInfo.InvariantCulture, $"exec {Broker.Control} -n {broker.Node} \"$@\"\n");
        await File.WriteAllTextAsync(path, script.ToString());
        File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
    }
}
