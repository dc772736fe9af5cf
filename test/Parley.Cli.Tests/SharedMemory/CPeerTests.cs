using System.Globalization;
using System.Text;
using static Parley.Cli.Tests.Payload;

namespace Parley.Cli.Tests.SharedMemory;

/// <summary>A program in C, written from docs/shared-memory-protocol.md alone, on the other end; it sleeps at the socket or in futexes.</summary>
public sealed class CPeerTests : IDisposable
{
    private const string Program = "shm_peer";
    private const int Lines = 30_000;

    private readonly TestFolder _folder = new();

    public static TheoryData<string> Ways => ["", "-f", "-m", "-f -m"];

    private string Endpoint => $"shm:{_folder["s"]}";

    private static byte[] Numbers => Encoding.ASCII.GetBytes(string.Concat(Enumerable.Range(1, Lines).Select(static i => string.Create(CultureInfo.InvariantCulture, $"{i}\n"))));

    public void Dispose() => _folder.Dispose();

    [SkippableTheory]
    [MemberData(nameof(Ways))]
    public async Task Serve_ClientInC_GetsTheMessage(string way)
    {
        await using ListeningCommand server = await Command.ListenAsync("serve", Endpoint);

        CommandResult result = await CPrograms.RunAsync(Program, [.. Words(way), Endpoint, "bytes"]);

        Assert.Equal(ServerMessage, result.MustExit(0).Output);
        (await server.StopAsync()).MustExit(0);
    }

    [SkippableTheory]
    [MemberData(nameof(Ways))]
    public async Task ServeEcho_ClientInC_EveryByteComesBack(string way)
    {
        byte[] said = Payload.Random((3 * Megabyte) + 7);
        await using ListeningCommand server = await Command.ListenAsync("serve", Endpoint, "--echo");
        await using ChildProcess client = await CPrograms.StartAsync(Program, [.. Words(way), "-c", "8192", Endpoint, "bytes"]);
        Task written = client.WriteAsync(said, close: true);

        MustEqual(said, (await client.EndAsync(Limits.Transfer)).MustExit(0).Output);
        await written.WaitAsync(Limits.Wait);
    }

    [SkippableTheory]
    [MemberData(nameof(Ways))]
    public async Task Connect_ServerInC_TalkBothWays(string way)
    {
        byte[] said = Payload.Random(Megabyte);
        byte[] reply = Payload.Random(Megabyte + 1);
        await using ListeningCommand server = await ListeningCommand.WhenReadyAsync(await CPrograms.StartAsync(Program, [.. Words(way), "-l", "-c", "4096", Endpoint, "bytes"]));
        Task replied = server.Process.WriteAsync(reply, close: true);

        CommandResult result = await Command.RunAsync(new Launch("connect", Endpoint) { Input = said, Limit = Limits.Transfer });

        MustEqual(reply, result.MustExit(0).Output);
        MustEqual(said, (await server.EndAsync()).MustExit(0).Output);
        await replied.WaitAsync(Limits.Wait);
    }

    [SkippableTheory]
    [MemberData(nameof(Ways))]
    public async Task Receive_SenderInC_EveryMessageInOrder(string way)
    {
        await using ListeningCommand receive = await Command.ListenAsync("receive", Endpoint, "--count", $"{Lines}");
        await using ChildProcess sender = await CPrograms.StartAsync(Program, [.. Words(way), "-c", "4096", Endpoint, "send"]);
        Task written = sender.WriteAsync(Numbers, close: true);

        (await sender.EndAsync(Limits.Transfer)).MustExit(0);
        MustEqual(Numbers, (await receive.EndAsync(Limits.Transfer)).MustExit(0).Output);
        await written.WaitAsync(Limits.Wait);
    }

    [SkippableTheory]
    [MemberData(nameof(Ways))]
    public async Task Send_ReceiverInC_EveryMessageInOrder(string way)
    {
        await using ListeningCommand receiver = await ListeningCommand.WhenReadyAsync(await CPrograms.StartAsync(Program, [.. Words(way), "-l", "-c", "4096", Endpoint, "receive"]));

        (await Command.RunAsync(new Launch("send", Endpoint) { Input = Numbers, Limit = Limits.Transfer })).MustExit(0);

        MustEqual(Numbers, (await receiver.EndAsync(Limits.Transfer)).MustExit(0).Output);
    }

    [SkippableFact]
    public async Task Name_BothFindTheSameDirectory()
    {
        string name = $"shm:parley-test-{Environment.ProcessId}-{Guid.NewGuid():N}";
        await using ListeningCommand server = await Command.ListenAsync("serve", name);

        Assert.Equal(ServerMessage, (await CPrograms.RunAsync(Program, name, "bytes")).MustExit(0).Output);

        (await server.StopAsync()).MustExit(0);
    }

    [SkippableFact]
    public async Task Serve_ClientInCThatAsksForMessages_IsToldTheKind()
    {
        await using ListeningCommand server = await Command.ListenAsync("serve", Endpoint);

        CommandResult result = await CPrograms.RunAsync(Program, Endpoint, "receive");

        Assert.Contains("status 2", result.MustExit(3).Error, StringComparison.Ordinal);
    }

    private static string[] Words(string way) => way.Split(' ', StringSplitOptions.RemoveEmptyEntries);
}
