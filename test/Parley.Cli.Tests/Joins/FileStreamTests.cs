using System.Globalization;
using System.Text.RegularExpressions;
using static Parley.Cli.Tests.Payload;

namespace Parley.Cli.Tests.Joins;

/// <summary>
/// Standard input from a file and standard output into one: moved by the kernel, from and to the place in the file that the shell's other
/// programs share.
/// </summary>
public sealed class FileStreamTests : IDisposable
{
    private const int Large = 8 * Megabyte;

    // What scripts have where the receiving command belongs.
    private const string Receiver = "RECEIVER";

    private readonly TestFolder _folder = new();

    private CommandResult? _sender;
    private CommandResult? _receiver;

    public static TheoryData<string> Kinds => ["tcp4", "unix", "fifo"];

    public void Dispose() => _folder.Dispose();

    [SkippableTheory]
    [MemberData(nameof(Kinds))]
    public async Task Input_PartlyRead_IsSentFromThereToItsEnd(string kind)
    {
        byte[] data = WriteFile(_folder["in"], Large);
        (ChildProcess receiver, string endpoint) = await ReceiveAsync(kind, Receiver);
        await using ChildProcess _ = receiver;

        // Afterwards the others find the place at the end.
        await using ChildProcess sender = Command.StartScript(
            $"exec <{_folder["in"]}; dd bs=1000 count=1 2>{_folder["dd"]} >{_folder["head"]}; {Command.Shell("connect", "--send-only", endpoint)} && wc -c");

        Assert.Equal("0", (await sender.EndAsync(Limits.Transfer)).MustExit(0).Text.Trim());
        MustEqual(data[1000..], (await receiver.EndAsync(Limits.Transfer)).MustExit(0).Output);
        MustEqual(data[..1000], await File.ReadAllBytesAsync(_folder["head"]));
    }

    [SkippableTheory]
    [MemberData(nameof(Kinds))]
    public async Task Output_BetweenOthers_HasItsPlace(string kind)
    {
        byte[] data = await SendFileAsync(kind, $"{{ printf before; {Receiver}; printf after; }} >{_folder["out"]}");

        MustEqual([.. "before"u8, .. data, .. "after"u8], await File.ReadAllBytesAsync(_folder["out"]));
    }

    [SkippableTheory]
    [MemberData(nameof(Kinds))]
    public async Task Output_Appended_KeepsWhatWasThere(string kind)
    {
        await File.WriteAllTextAsync(_folder["out"], "before");

        byte[] data = await SendFileAsync(kind, $"exec {Receiver} >>{_folder["out"]}");

        MustEqual([.. "before"u8, .. data], await File.ReadAllBytesAsync(_folder["out"]));
    }

    [SkippableTheory]
    [MemberData(nameof(Kinds))]
    public async Task LargeFiles_AreMovedByTheKernel(string kind)
    {
        byte[] data = await SendFileAsync(kind, $"exec {Receiver} --trace-json >{_folder["out"]}", "--trace-json");

        MustEqual(data, await File.ReadAllBytesAsync(_folder["out"]));
        MustMove("sendfile", _sender!);
        MustMove("splice", _receiver!);
    }

    /// <summary>Traced by itself it makes other calls: so it is traced from outside.</summary>
    [SkippableTheory]
    [MemberData(nameof(Kinds))]
    public async Task Input_StreamOutOfAPipe_IsMovedByTheKernel(string kind)
    {
        string strace = Programs.Require("strace");
        byte[] data = WriteFile(_folder["in"], Large);
        (ChildProcess receiver, string endpoint) = await ReceiveAsync(kind, $"exec {Receiver}");
        await using ChildProcess _ = receiver;

        await using ChildProcess sender = Command.StartScript(
            $"cat {_folder["in"]} | {strace} -f -e trace=splice -o {_folder["calls"]} {Command.Shell("connect", "--send-only", endpoint)}");

        (await sender.EndAsync(Limits.Transfer)).MustExit(0);
        MustEqual(data, (await receiver.EndAsync(Limits.Transfer)).MustExit(0).Output);
        long moved = File.ReadLines(_folder["calls"]).Sum(static line => Regex.Match(line, @"splice.*\) += (\d+)$") is { Success: true } call ? long.Parse(call.Groups[1].Value, CultureInfo.InvariantCulture) : 0);
        Assert.True(moved > Large / 2, $"{moved} bytes were moved");
    }

    [Fact]
    public async Task Input_FileThatIsMadeWhileItIsRead_IsSent()
    {
        const string Path = "/proc/version";
        (ChildProcess receiver, string endpoint) = await ReceiveAsync("unix", $"exec {Receiver}");
        await using ChildProcess _ = receiver;

        await using ChildProcess sender = Command.StartScript($"exec {Command.Shell("connect", "--send-only", endpoint)} <{Path}");

        (await sender.EndAsync()).MustExit(0);
        MustEqual(await File.ReadAllBytesAsync(Path), (await receiver.EndAsync()).MustExit(0).Output);
    }

    /// <summary>Sends a large file to a receiver, whose command takes the place of <see cref="Receiver"/> in the script.</summary>
    private async Task<byte[]> SendFileAsync(string kind, string script, params string[] options)
    {
        byte[] data = WriteFile(_folder["in"], Large);
        (ChildProcess receiver, string endpoint) = await ReceiveAsync(kind, script);
        await using ChildProcess _ = receiver;
        await using ChildProcess sender = Command.StartScript($"exec {Command.Shell(["connect", "--send-only", .. options, endpoint])} <{_folder["in"]}");

        _sender = (await sender.EndAsync(Limits.Transfer)).MustExit(0);
        _receiver = (await receiver.EndAsync(Limits.Transfer)).MustExit(0);
        return data;
    }

    private async Task<(ChildProcess Receiver, string Endpoint)> ReceiveAsync(string kind, string script)
    {
        if (kind is "fifo")
        {
            string fifo = $"fifo:{_folder["fifo"]}";
            (await Command.RunAsync("create", fifo)).MustExit(0);
            return (Start("connect", fifo), fifo);
        }

        ListeningCommand listening = await ListeningCommand.WhenReadyAsync(Start("listen", Endpoints.New(kind, _folder)));
        return (listening.Process, listening.Endpoint);

        ChildProcess Start(string verb, string endpoint) => Command.StartScript(
            script.Replace(Receiver, Command.Shell(verb, "--receive-only", endpoint), StringComparison.Ordinal).Replace("{{", "{", StringComparison.Ordinal).Replace("}}", "}", StringComparison.Ordinal));
    }

    private static void MustMove(string call, CommandResult result)
    {
        long moved = TraceLines.Parse(result.Error).Where(line => line.IsCall(call)).Sum(line => line.Result);
        Assert.True(moved > Large / 2, $"{call} moved {moved} bytes: {result}");
    }
}
