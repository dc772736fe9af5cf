using System.Globalization;
using System.Net.Sockets;
using System.Text.Json;
using System.Text.RegularExpressions;
using static Parley.Cli.Tests.Payload;

namespace Parley.Cli.Tests.SharedMemory;

/// <summary>Every verb on shared memory.</summary>
public sealed class CommandTests : IDisposable
{
    private readonly TestFolder _folder = new();

    private string Endpoint => $"shm:{_folder["s"]}";

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Serve_ManyClients_EachGetsTheMessage()
    {
        await using ListeningCommand server = await Command.ListenAsync("serve", Endpoint, "--ring-size", "4096");
        Assert.Equal(Endpoint, server.Endpoint);

        CommandResult[] results = await Task.WhenAll(Enumerable.Range(0, 5).Select(_ => Command.RunAsync("connect", Endpoint)));

        Assert.All(results, static result => Assert.Equal(ServerMessage, result.MustExit(0).Output));
        (await server.StopAsync()).MustExit(0);
        Assert.DoesNotContain(Directory.EnumerateFileSystemEntries(_folder.Path), static path => !path.EndsWith(".lock", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Listen_AndConnect_TalkBothWays()
    {
        byte[] said = Payload.Random((2 * Megabyte) + 1);
        byte[] reply = Payload.Random(Megabyte);
        await using ListeningCommand listen = await Command.ListenAsync("listen", Endpoint);
        Task replied = listen.Process.WriteAsync(reply, close: true);

        CommandResult result = await Command.RunAsync(new Launch("connect", Endpoint, "--ring-size", "4096") { Input = said, Limit = Limits.Transfer });

        MustEqual(reply, result.MustExit(0).Output);
        MustEqual(said, (await listen.EndAsync()).MustExit(0).Output);
        await replied.WaitAsync(Limits.Wait);
    }

    [Fact]
    public async Task Relay_ToTcpAndBack_CarriesTheConversation()
    {
        byte[] said = Payload.Random(Megabyte);
        await using ListeningCommand echo = await Command.ListenAsync("serve", "tcp://127.0.0.1:0", "--echo");
        await using ListeningCommand toTcp = await Command.ListenAsync("relay", Endpoint, echo.Endpoint);
        await using ListeningCommand toMemory = await Command.ListenAsync("relay", "tcp://127.0.0.1:0", Endpoint);

        CommandResult result = await Command.RunAsync(new Launch("connect", toMemory.Endpoint) { Input = said, Limit = Limits.Transfer });

        MustEqual(said, result.MustExit(0).Output);
    }

    [Fact]
    public async Task Ping_SaysHowLong()
    {
        await using ListeningCommand server = await Command.ListenAsync("serve", Endpoint);

        Assert.StartsWith($"{Endpoint}: connected in ", (await Command.RunAsync("ping", Endpoint)).MustExit(0).Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Ping_ServerOfMessages_AnswersAndTakesItForNoClient()
    {
        await using ListeningCommand receive = await Command.ListenAsync("receive", Endpoint, "--count", "1", "-v");

        (await Command.RunAsync("ping", Endpoint, "--count", "2", "--interval", "0.01")).MustExit(0);
        (await Command.RunAsync("ping", Endpoint, "--wait", "30")).MustExit(0);
        Assert.Empty(receive.Messages);

        (await Command.RunAsync("send", Endpoint, "x")).MustExit(0);
        Assert.Equal("x\n", (await receive.EndAsync()).MustExit(0).Text);
    }

    [Fact]
    public async Task Ping_ServeOnce_StillServesTheFirstClient()
    {
        await using ListeningCommand server = await Command.ListenAsync("serve", Endpoint, "--once");

        (await Command.RunAsync("ping", Endpoint)).MustExit(0);

        Assert.Equal(ServerMessage, (await Command.RunAsync("connect", Endpoint)).MustExit(0).Output);
        (await server.EndAsync()).MustExit(0);
    }

    /// <summary>What the receiver has not taken when it has enough is not said to have been sent.</summary>
    [Fact]
    public async Task Send_ReceiverWantsFewer_SaysThatTheRestWasNotTaken()
    {
        await using ListeningCommand receive = await Command.ListenAsync("receive", Endpoint, "--count", "2");

        CommandResult send = await Command.RunAsync("send", Endpoint, "a", "b", "c", "d", "e", "f");

        Assert.Equal("a\nb\n", (await receive.EndAsync()).MustExit(0).Text);
        send.MustExit(5);
        Assert.Contains("parley: ", send.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Receive_ManySenders_PrintsAllOfThem()
    {
        await using ListeningCommand receive = await Command.ListenAsync("receive", Endpoint);
        await Task.WhenAll(Enumerable.Range(0, 4).Select(async i => (await Command.RunAsync("send", Endpoint, $"{i}", "", "end")).MustExit(0)));
        await receive.Process.WaitForOutputAsync(4 * "0\n\nend\n".Length);

        string[] lines = (await receive.StopAsync()).MustExit(0).Text.Split('\n');

        Assert.Equal(4, lines.Count(static line => line is "end"));
        Assert.Equal(["0", "1", "2", "3"], lines.Where(static line => line.Length == 1).Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task Send_ThatListens_GivesTheFirstClientWhatItHas()
    {
        await using ListeningCommand send = await Command.ListenAsync("send", Endpoint, "--listen", "one", "two");

        CommandResult result = await Command.RunAsync("receive", Endpoint, "--connect", "--json");

        string[] texts = [.. result.MustExit(0).Text.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(static line => JsonDocument.Parse(line).RootElement.GetProperty("text").GetString()!)];
        Assert.Equal(["one", "two"], texts);
        (await send.EndAsync()).MustExit(0);
    }

    [Fact]
    public async Task SendAndReceive_WithFrames_GoOverBytes()
    {
        await using ListeningCommand receive = await Command.ListenAsync("receive", Endpoint, "--frame", "len32", "--count", "2");

        (await Command.RunAsync("send", Endpoint, "--frame", "len32", "a", "b")).MustExit(0);

        Assert.Equal("a\nb\n", (await receive.EndAsync()).MustExit(0).Text);
    }

    [Fact]
    public async Task Send_MoreThanHalfTheRing_IsTooLarge()
    {
        await using ListeningCommand receive = await Command.ListenAsync("receive", Endpoint, "--ring-size", "64k");

        Errors.Failure.MustBe(await Command.RunAsync("send", Endpoint, new string('x', 32761)), "1", "cannot send to .*32760", "the smaller --ring-size of both sides");
        Errors.Failure.MustBe(await Command.RunAsync("send", Endpoint, new string('x', 2041), "--ring-size", "4k"), "1", "cannot send to .*2040", "the smaller --ring-size of both sides");
        (await Command.RunAsync("send", Endpoint, new string('x', 2040))).MustExit(0);

        await receive.Process.WaitForOutputAsync(2041);
    }

    [Fact]
    public async Task Send_Whole_TakesHalfOfALargeRing()
    {
        byte[] sent = Payload.Random(3 * Megabyte);
        await using ListeningCommand receive = await Command.ListenAsync("receive", Endpoint, "--ring-size", "16M", "--count", "1", "--output", "raw");

        (await Command.RunAsync(new Launch("send", Endpoint, "--whole") { Input = sent, Limit = Limits.Transfer })).MustExit(0);

        MustEqual(sent, (await receive.EndAsync(Limits.Transfer)).MustExit(0).Output);
    }

    [Fact]
    public async Task Relay_LargeMessages_GoThroughRingsAndFrames()
    {
        byte[] sent = Payload.Random(3 * Megabyte);
        string[] large = ["--frame", "len32", "--max-size", $"{4 * Megabyte}", "--ring-size", "8M"];
        await using ListeningCommand receive = await Command.ListenAsync("receive", $"shm:{_folder["r"]}", "--ring-size", "8M", "--count", "1", "--output", "raw");
        await using ListeningCommand toMemory = await Command.ListenAsync(["relay", $"unix:{_folder["u"]}", receive.Endpoint, .. large]);
        await using ListeningCommand toFrames = await Command.ListenAsync(["relay", Endpoint, toMemory.Endpoint, .. large]);

        (await Command.RunAsync(new Launch("send", Endpoint, "--whole") { Input = sent, Limit = Limits.Transfer })).MustExit(0);

        MustEqual(sent, (await receive.EndAsync(Limits.Transfer)).MustExit(0).Output);
    }

    [Theory]
    [InlineData("")]
    [InlineData("--frame line")]
    public async Task Send_MessageTooLong_EndsTheConversationAfterThoseThatWent(string options)
    {
        string[] frame = options.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        await using ListeningCommand receive = await Command.ListenAsync(["receive", Endpoint, "-v", .. frame]);

        CommandResult send = await Command.RunAsync(new Launch(["send", Endpoint, .. frame]) { Input = [.. "short\n"u8, .. Payload.Random(2 * Megabyte).Where(static one => one != (byte)'\n')] });

        Assert.Matches("message 2 has more than", send.MustExit(1).Error);
        await receive.Process.WaitForErrorAsync("1 message in, 5 bytes, ended|6 bytes in.*ended by the peer");
        CommandResult result = await receive.StopAsync();
        Assert.Equal("short\n", result.MustExit(0).Text);
        Assert.DoesNotContain("without closing", result.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task OneMessageOfOneByte_IsNoPlural()
    {
        await using ListeningCommand receive = await Command.ListenAsync("receive", Endpoint, "-v");
        (await Command.RunAsync("send", Endpoint, "a")).MustExit(0);

        await receive.Process.WaitForErrorAsync("^a client: 1 message in, 1 byte, ended$");
        (await receive.StopAsync()).MustExit(0);
    }

    [Fact]
    public async Task Relay_MessagesToFramesAndBack_AreMessages()
    {
        await using ListeningCommand receive = await Command.ListenAsync("receive", $"shm:{_folder["r"]}", "--count", "2", "--output", "nul");
        await using ListeningCommand toMemory = await Command.ListenAsync("relay", $"unix:{_folder["u"]}", receive.Endpoint, "--frame", "len32");
        await using ListeningCommand toFrames = await Command.ListenAsync("relay", Endpoint, toMemory.Endpoint, "--frame", "len32");

        (await Command.RunAsync("send", Endpoint, "line\nfeed", "")).MustExit(0);

        Assert.Equal("line\nfeed\0\0", (await receive.EndAsync()).MustExit(0).Text);
    }

    [Fact]
    public async Task Relay_MessagesOfUdp_ArriveInSharedMemory()
    {
        await using ListeningCommand receive = await Command.ListenAsync("receive", Endpoint, "--count", "1");
        await using ListeningCommand relay = await Command.ListenAsync("relay", "udp://127.0.0.1:0", Endpoint);

        (await Command.RunAsync("send", relay.Endpoint, "a datagram")).MustExit(0);

        Assert.Equal("a datagram\n", (await receive.EndAsync()).MustExit(0).Text);
    }

    [Fact]
    public async Task NameWithNobodyThere_MayBeOfAnotherUser()
        => Errors.Failure.MustBe(await Command.RunAsync("connect", "shm:parley-test-nobody"), "3", "cannot connect to shm:parley-test-nobody", "a name is each user's own, shm:/path is for others too");

    [Fact]
    public async Task KindOfAnotherVerb_IsRefusedWithTheRightOne()
    {
        await using (ListeningCommand bytes = await Command.ListenAsync("serve", Endpoint))
            Errors.Failure.MustBe(await Command.RunAsync("send", Endpoint, "x"), "3", "served as bytes", $"parley connect {Endpoint}, or .*parley send {Endpoint} --frame line$");

        await using (ListeningCommand bytes = await Command.ListenAsync("serve", Endpoint))
            Errors.Failure.MustBe(await Command.RunAsync("receive", Endpoint, "--connect"), "3", "served as bytes", $"parley connect {Endpoint}, or .*parley receive {Endpoint} --connect --frame line$");

        await using ListeningCommand messages = await Command.ListenAsync("receive", Endpoint);
        Errors.Failure.MustBe(await Command.RunAsync("receive", Endpoint, "--connect", "--frame", "line"), "3", "served as messages", $"parley receive {Endpoint} --connect$");
        Errors.Failure.MustBe(await Command.RunAsync("connect", Endpoint), "3", "served as messages", $"parley send {Endpoint}");
    }

    [Theory]
    [InlineData("connect")]
    [InlineData("send")]
    [InlineData("ping")]
    public async Task NobodyThere_IsSaidWithAHint(string verb)
    {
        string[] words = verb is "send" ? [verb, Endpoint, "x"] : [verb, Endpoint];

        Errors.Failure.MustBe(await Command.RunAsync(words), "3", $"cannot connect to {Endpoint}", verb is "send" ? $"start the other side first: parley receive {Endpoint}$" : $"parley serve {Endpoint}, or for messages: parley receive {Endpoint}$");
    }

    [Theory]
    [InlineData("connect --timeout 0.5")]
    [InlineData("send --timeout 0.5")]
    [InlineData("inspect")]
    public async Task ServerThatIsStopped_IsSaidWithAHint(string words)
    {
        await using ListeningCommand server = await Command.ListenAsync("receive", Endpoint);
        await server.Process.FreezeAsync();

        CommandResult result = await Command.RunAsync([.. words.Split(' '), Endpoint]);

        Errors.Failure.MustBe(result, "4", $"cannot agree with {Endpoint}: .*ETIMEDOUT", "does not answer, as one that is stopped, or busy; .*ss -lxp");
    }

    /// <summary>The ring takes them, and nobody knows whether the receiver ever will.</summary>
    [Fact]
    public async Task Send_PeerIsStopped_SaysThatNotAllWereTaken()
    {
        await using ListeningCommand receive = await Command.ListenAsync(new Launch("receive", Endpoint) { CollectOutput = false });
        await using ChildProcess send = Command.Start("send", Endpoint, "--timeout", "2");
        await send.WriteAsync("a\n"u8.ToArray());
        await receive.Process.ReadAsync(new byte[2]).WaitAsync(Limits.Wait);
        await receive.Process.FreezeAsync();
        await send.WriteAsync("b\nc\n"u8.ToArray(), close: true);

        string told = (await send.EndAsync()).MustExit(4).Error;
        receive.Process.Thaw();

        Assert.Contains("3 messages sent, 3 bytes; whether all of them arrive is not known", told, StringComparison.Ordinal);
        Assert.Contains("within 2 s: messages in 128 bytes of the ring may not have been received", told, StringComparison.Ordinal);
        byte[] rest = new byte[4];
        await receive.Process.ReadAsync(rest).WaitAsync(Limits.Wait);
        Assert.Equal("b\nc\n", System.Text.Encoding.UTF8.GetString(rest));
    }

    [Fact]
    public async Task Send_ReceiverHasEnoughOfMany_SaysThatItIsNotKnown()
    {
        await using ListeningCommand receive = await Command.ListenAsync("receive", Endpoint, "--count", "3");

        CommandResult send = await Command.RunAsync(new Launch("send", Endpoint) { Input = System.Text.Encoding.UTF8.GetBytes(string.Concat(Enumerable.Repeat("message\n", 100_000))) });

        Assert.Contains("; whether the others arrive is not known", send.MustExit(5).Error, StringComparison.Ordinal);
        (await receive.EndAsync()).MustExit(0);
    }

    [Fact]
    public async Task Send_InterruptedWhileThePeerIsStopped_SaysHowManyWereSent()
    {
        const int Messages = 100;
        await using ListeningCommand receive = await Command.ListenAsync(new Launch("receive", Endpoint, "--ring-size", "4096") { CollectOutput = false });
        string[] messages = [.. Enumerable.Repeat(new string('x', 2000), Messages)];
        await using ChildProcess send = Command.Start(["send", Endpoint, .. messages]);

        // Neither the ring nor the pipe behind it holds so many. The first one says that the others are under way.
        await receive.Process.ReadAsync(new byte[2001]).WaitAsync(Limits.Wait);
        await receive.Process.FreezeAsync();

        send.Send(Signal.Terminate);

        Match told = Regex.Match((await send.EndAsync()).MustExit(130).Error, @"^shm:\S+: (\d+) messages? sent, \d+ bytes; not sent: (\d+) messages?\n$", RegexOptions.None, Limits.Wait);
        Assert.True(told.Success, send.ErrorSoFar);
        int sent = int.Parse(told.Groups[1].Value, CultureInfo.InvariantCulture);
        Assert.InRange(sent, 1, Messages - 1);
        Assert.Equal(Messages - sent, int.Parse(told.Groups[2].Value, CultureInfo.InvariantCulture));
    }

    [Theory]
    [InlineData("serve", "--ring-size 5000", "no power of two")]
    [InlineData("serve", "--ring-size 2048", "no power of two")]
    [InlineData("serve", "--ring-size 2147483648", "'2147483648' is no power of two from 4096 to 1073741824; k, M and G, small or capital, stand for")]
    [InlineData("receive", "--ring-size 2G", "no power of two")]
    [InlineData("serve", "--ring-size 3k", "no power of two")]
    [InlineData("serve", "--ring-size -1", "no power of two")]
    [InlineData("serve", "--ring-size many", "no power of two")]
    [InlineData("receive", "--max-size 100", "--ring-size")]
    [InlineData("serve", "--mode 0666", "--mode")]
    public async Task Options_ThatMakeNoSense_AreRefused(string verb, string options, string words)
        => Errors.Failure.MustBe(await Command.RunAsync([verb, Endpoint, .. options.Split(' ')]), "2", words.StartsWith("--r", StringComparison.Ordinal) ? "parley: " : words, words.StartsWith("--r", StringComparison.Ordinal) ? words : "");

    [Fact]
    public async Task RingSize_ForAnotherEndpoint_IsRefused()
        => Errors.Failure.MustBe(await Command.RunAsync("serve", "tcp://127.0.0.1:0", "--ring-size", "4096"), "2", "--ring-size is for shared memory");

    [Theory]
    [InlineData("connect")]
    [InlineData("ping")]
    [InlineData("inspect")]
    public async Task Client_WhomTheRulesRefuse_IsToldSo(string verb)
    {
        await using ListeningCommand server = await Command.ListenAsync("serve", Endpoint, "--allow", "uid:12345");

        Errors.Failure.MustBe(await Command.RunAsync(verb, Endpoint), "6", $"cannot connect to {Endpoint}: the server does not allow it", "--allow and --deny");
        await server.Process.WaitForErrorAsync("was turned away");
    }

    [Fact]
    public async Task Client_TooManyOfOnePeer_IsToldThatThereIsNoRoom()
    {
        await using ListeningCommand server = await Command.ListenAsync("serve", Endpoint, "--echo", "--max-connections-per-peer", "1");
        await using ChildProcess first = Command.Start("connect", Endpoint);
        await first.WriteAsync("here"u8.ToArray());
        await first.WaitForOutputAsync(4);

        Errors.Failure.MustBe(await Command.RunAsync("connect", Endpoint), "3", "no room for another client", Errors.Failure.None);
    }

    [Fact]
    public async Task Connect_ServerOfAnotherVersion_SaysSoWithoutAHint()
    {
        using Socket listener = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        listener.Bind(new UnixDomainSocketEndPoint(_folder["s"]));
        listener.Listen();
        Task<CommandResult> connect = Command.RunAsync("connect", Endpoint);
        using Socket client = await listener.AcceptAsync().WaitAsync(Limits.Wait);
        byte[] welcome = new byte[64];
        "PARLEYSM"u8.CopyTo(welcome);
        (welcome[8], welcome[16]) = (9, 1);

        await client.SendAsync(welcome);

        Errors.Failure.MustBe(await connect, "3", "the server speaks version 9 of the protocol, this side version 1", Errors.Failure.None);
    }

    [Fact]
    public async Task Serve_LiveServer_IsNotStolen_DeadOneIsTakenOver()
    {
        await using ListeningCommand first = await Command.ListenAsync("serve", Endpoint);
        Errors.Failure.MustBe(await Command.RunAsync("serve", Endpoint), "3", $"cannot listen on {Endpoint}: .*EADDRINUSE");
        Assert.Equal(ServerMessage, (await Command.RunAsync("connect", Endpoint)).MustExit(0).Output);

        await first.StopAsync(Signal.Kill);

        await using ListeningCommand second = await Command.ListenAsync("serve", Endpoint);
        Assert.Equal(ServerMessage, (await Command.RunAsync("connect", Endpoint)).MustExit(0).Output);
    }

    [Fact]
    public async Task Receive_SenderKilled_KeepsWhatItSaidAndTakesTheNext()
    {
        await using ListeningCommand receive = await Command.ListenAsync("receive", Endpoint);
        await using (ChildProcess sender = Command.Start("send", Endpoint))
        {
            await sender.WriteAsync("one\ntwo\n"u8.ToArray());
            await receive.Process.WaitForOutputAsync("one\ntwo\n".Length);
            sender.Send(Signal.Kill);
            await sender.EndAsync();
        }

        (await Command.RunAsync("send", Endpoint, "three")).MustExit(0);
        await receive.Process.WaitForOutputAsync("one\ntwo\nthree\n".Length);

        CommandResult result = await receive.StopAsync();
        Assert.Equal("one\ntwo\nthree\n", result.MustExit(0).Text);
        Assert.Contains("the peer's process ended without closing", result.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task ReceiveIdleTimeout_SilentSender_IsBrokenOffAndTheNextIsServed()
    {
        await using ListeningCommand receive = await Command.ListenAsync("receive", Endpoint, "--idle-timeout", "1");
        await using ChildProcess silent = Command.Start("send", Endpoint);
        await silent.WriteAsync("one\n"u8.ToArray());
        await receive.Process.WaitForErrorAsync("no message moved in either direction for 1 s");

        await silent.WriteAsync("lost\n"u8.ToArray(), close: true);

        Assert.Contains("the peer broke the conversation off", (await silent.EndAsync()).MustExit(5).Error, StringComparison.Ordinal);
        (await Command.RunAsync("send", Endpoint, "two")).MustExit(0);
        await receive.Process.WaitForOutputAsync("one\ntwo\n".Length);
        Assert.Equal("one\ntwo\n", (await receive.StopAsync()).MustExit(0).Text);
    }

    [Fact]
    public async Task Connect_ServerKilled_IsToldInTheSameWords()
    {
        await using ListeningCommand server = await Command.ListenAsync("serve", Endpoint, "--echo");
        await using ChildProcess client = Command.Start("connect", Endpoint);
        await client.WriteAsync("hello"u8.ToArray());
        await client.WaitForOutputAsync(5);

        await server.StopAsync(Signal.Kill);

        Errors.Failure.MustBe(await client.EndAsync(), "5", "the peer's process ended without closing the conversation");
    }

    [Fact]
    public async Task Inspect_ShowsConnections_ListShowsNames()
    {
        string name = $"parley-test-{Environment.ProcessId}-{Guid.NewGuid():N}";
        await using ListeningCommand server = await Command.ListenAsync("serve", $"shm:{name}", "--echo");
        await using ChildProcess client = Command.Start("connect", $"shm:{name}");
        await client.WriteAsync("hello"u8.ToArray());
        await client.WaitForOutputAsync(5);

        string text = (await Command.RunAsync("inspect", $"shm:{name}")).MustExit(0).Text;
        string json = (await Command.RunAsync("inspect", $"shm:{name}", "--json")).MustExit(0).Text;
        string list = (await Command.RunAsync("list")).MustExit(0).Text;

        Assert.StartsWith($"shm:{name}: ", text, StringComparison.Ordinal);
        Assert.Contains($"{client.Id}", text, StringComparison.Ordinal);
        JsonElement one = JsonDocument.Parse(json.Split('\n')[0]).RootElement;
        Assert.Equal($"shm:{name}", one.GetProperty("endpoint").GetString());
        Assert.Matches(@"""seconds"":\d+(\.\d{1,3})?\D", json);
        Assert.Contains($"shm:{name}", list, StringComparison.Ordinal);

        // It takes its name away, which is in the user's own directory.
        await client.DisposeAsync();
        await server.StopAsync();
    }
}
