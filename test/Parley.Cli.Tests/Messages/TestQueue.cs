using System.Globalization;
using System.Runtime.InteropServices;

namespace Parley.Cli.Tests.Messages;

/// <summary>A queue of one test, made by the command, gone when the test ends.</summary>
internal sealed partial class TestQueue : IDisposable
{
    private static int _counter;

    private TestQueue(string name) => Name = name;

    /// <summary>With its slash, as C programs take it.</summary>
    public string Name { get; }

    public string Endpoint => "mq:" + Name;

    /// <summary>A name that nobody else uses; there is no queue of it yet.</summary>
    public static TestQueue Unmade() => new(string.Create(
        CultureInfo.InvariantCulture, $"/parley-cli-{Environment.ProcessId}-{Interlocked.Increment(ref _counter)}"));

    // Small: all queues of a user together are limited, and tests run beside each other.
    public static async Task<TestQueue> CreateAsync(int capacity = 5, int messageSize = 300, string mode = "0600")
    {
        TestQueue queue = Unmade();
        (await Command.RunAsync(
            "create", queue.Endpoint, "--capacity", capacity.ToString(CultureInfo.InvariantCulture), "--message-size", messageSize.ToString(CultureInfo.InvariantCulture), "--mode", mode)).MustExit(0);
        return queue;
    }

    public async Task<string> TakeAsync() => (await Command.RunAsync("receive", Endpoint, "--no-wait")).MustExit(0).Text;

    public async Task PutAsync(params string[] messages) => (await Command.RunAsync(["send", Endpoint, .. messages])).MustExit(0);

    /// <summary>How many messages wait.</summary>
    public async Task<int> CountAsync()
    {
        string json = (await Command.RunAsync("inspect", Endpoint, "--json")).MustExit(0).Text;
        using var parsed = System.Text.Json.JsonDocument.Parse(json);
        return parsed.RootElement.GetProperty("messages_waiting").GetInt32();
    }

    public void Dispose() => _ = Unlink(Name);

    [LibraryImport("libc", EntryPoint = "mq_unlink", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Unlink(string name);
}
