namespace Parley.Cli.Tests.Messages;

/// <summary>What makes no sense is refused before anything is opened.</summary>
public sealed class UsageTests
{
    public static TheoryData<string, string, string> Wrong => new()
    {
        { "send tcp://127.0.0.1:9 hello", "tcp://127.0.0.1:9 carries a stream of bytes", "--frame line, --frame nul or --frame len32" },
        { "receive unix:/tmp/none", "carries a stream of bytes", "--frame" },
        { "receive exec: -- true", "carries a stream of bytes", "--frame" },
        { "send mq:/q hello --frame line", "--frame is for a stream; mq:/q carries messages as they are", "--input" },
        { "receive udp://127.0.0.1:9 --frame nul", "--frame is for a stream", "--output" },
        { "receive tcp://127.0.0.1:0 --frame len32 --max-size 2147483647", "'2147483647' is no number of bytes from 1 to 1073741824", "" },
        { "receive udp://127.0.0.1:9 --max-size 5", "--max-size is for a stream", "" },
        { "send udp://127.0.0.1:9 --priority 1 hello", "--priority is for a queue; udp://127.0.0.1:9 has no priorities", "mq:" },
        { "send tcp://127.0.0.1:9 --frame line --priority 1 hello", "--priority is for a queue", "" },
        { "send tcp://127.0.0.1:9 --frame line a\nb", "a message contains a line feed", "len32" },
        { "send tcp://127.0.0.1:9 --frame line one a\nb", "message 2 contains a line feed, which ends a message with --frame line", "len32" },
        { "send mq:/none --priority 32768 hello", "--priority: the highest of mq:/none is 32767", "" },
        { "send mq:/none --priority 99999 --dry-run hello", "--priority: the highest of mq:/none is 32767", "" },
        { "send amqp://127.0.0.1:1?queue=none --priority 256 hello", "--priority: the highest of amqp://127.0.0.1:1?queue=none is 255", "" },
        { "send shm:none --priority 0 hello", "--priority is for a queue; shm:none has no priorities", "mq:" },
        { "send mq:/q --no-wait --timeout 1 hello", "--no-wait and --timeout", "" },
        { "send mq:/q --input nul hello", "--input is about standard input", "" },
        { "send mq:/q --whole --input line", "--whole is --input whole", "" },
        { "send mq:/q --input words", "--input: 'words' is none of line, nul, len32, whole", "" },
        { "send mq:/q --listen hello", "nobody connects to mq:/q", "" },
        { "send mq:/q --nowait hello", "unknown option --nowait", "behind -- anything" },
        { "send mq:/q/r hello", "wrong endpoint", "" },
        { "receive mq:/q --no-wait --timeout 1", "--no-wait and --timeout", "" },
        { "receive mq:/q --json --output nul", "--json and --output", "" },
        { "receive mq:/q --count 0", "--count: '0'", "" },
        { "receive mq:/q --multicast-group 239.1.2.3", "--multicast-group is for UDP", "" },
        { "receive udp://0.0.0.0:0 --multicast-group ff02::1", "--multicast-group: ff02::1 and udp://0.0.0.0:0 are of two families", "" },
        { "receive udp://0.0.0.0:0 --multicast-group here", "'here' is no address of a multicast group", "" },
        { "receive mq:/q --connect", "--connect is for a stream", "" },
        { "receive mq:/q --backlog 3", "--backlog is for a listener", "" },
        { "receive tcp://127.0.0.1:0 --frame line --retry 2", "--retry tries again when nobody is there; tcp://127.0.0.1:0 is listened on", "--connect" },
        { "receive shm:none --retry 2", "--retry tries again when nobody is there; shm:none is listened on", "--connect" },
        { "receive udp://127.0.0.1:0 --retry 2", "--retry tries again when nobody is there; nobody is looked for at udp://127.0.0.1:0", "" },
        { "send tcp://127.0.0.1:0 --frame line --listen --retry 2 hello", "--retry tries again when nobody is there; tcp://127.0.0.1:0 is listened on", "" },
        { "send exec: --frame line --retry 2 hello -- true", "--retry tries again when nobody is there; nobody is looked for at exec:", "" },
        { "receive tcp://127.0.0.1:0 --frame line --no-wait", "--no-wait: nothing can be there before a client comes", "" },
        { "create fifo:/tmp/none --capacity 5", "--capacity is for a queue", "" },
        { "create udp://127.0.0.1:9", "udp://127.0.0.1:9 is nothing to create", "mq:/name" },
        { "relay mq:/q tcp://127.0.0.1:9", "tcp://127.0.0.1:9 carries a stream of bytes", "--frame" },
        { "relay mq:/q mq:/q", "mq:/q would be joined to itself", "" },
        { "relay mq:/q udp://127.0.0.1:9 --frame line", "--frame is for a stream", Errors.Failure.None },
        { "relay mq:/q mq:/r --max-size 5", "--max-size is for a stream; mq:/q carries messages as they are", Errors.Failure.None },
        { "relay tcp://127.0.0.1:0 tcp://127.0.0.1:9 --frame line", "between two streams relay moves bytes", "" },
        { "relay mq:/q mq:/r --fsync", "--fsync is about the file that keeps messages, and between mq:/q and mq:/r there is none", "--spool FILE" },
        { "relay udp://127.0.0.1:0 mq:/q --spool-size 5 --dry-run", "--spool-size is about the file that keeps messages", "--spool FILE" },
        { "relay unix:/tmp/none mq:/q --frame line --fsync", "--fsync is for messages that are gone once they are taken, from mq: or udp:; unix:/tmp/none is no such source", "" },
        { "relay mq:/q mq:/r --timeout 3", "--timeout is for connecting; nobody is connected to at mq:/r", "" },
        { "relay mq:/q udp://127.0.0.1:9 --timeout 3", "--timeout is for connecting; nobody is connected to at udp://127.0.0.1:9", "" },
        { "relay mq:/q udp://127.0.0.1:9 --rate-limit 5", "--rate-limit is for bytes", "" },
        { "connect mq:/q", "mq:/q carries messages, no stream of bytes", "parley send mq:/q MESSAGE" },
        { "serve udp://127.0.0.1:9", "udp://127.0.0.1:9 carries messages", "parley receive" },
        { "ping mq:/q", "mq:/q carries messages", "" },
    };

    [SkippableTheory]
    [MemberData(nameof(Wrong))]
    public async Task WrongUsage_IsTold(string arguments, string cause, string hint)
    {
        CommandResult result = await Command.RunAsync(arguments.Split(' '));

        Errors.Failure.MustBe(result, "2", System.Text.RegularExpressions.Regex.Escape(cause), System.Text.RegularExpressions.Regex.Escape(hint));
        Assert.Empty(result.Output);
    }

    [SkippableTheory]
    [InlineData("send mq:/none a b", "would send 2 messages to mq:/none")]
    [InlineData("receive tcp://127.0.0.1:0 --frame line", "would listen on tcp://127.0.0.1:0 and print messages")]
    [InlineData("relay unix:/tmp/none/s mq:/none --frame line", "would move the messages of each client of unix:/tmp/none/s to mq:/none")]
    public async Task DryRun_SaysWhatWouldBeDone(string arguments, string expected)
    {
        CommandResult result = (await Command.RunAsync([.. arguments.Split(' '), "--dry-run"])).MustExit(0);

        Assert.Equal(expected + "\n", result.Error);
    }
}
