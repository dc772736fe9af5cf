using System.Globalization;
using System.Net.Sockets;
using System.Text;
using static Parley.Cli.Tests.Payload;

namespace Parley.Cli.Tests.Children;

/// <summary><c>serve --exec</c> and <c>relay</c> to <c>exec:</c>: a program for each client.</summary>
public sealed class ServeTests : IDisposable
{
    private readonly TestFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    public static TheoryData<string, string> Forms => new()
    {
        { "serve", "tcp4" },
        { "serve", "unix" },
        { "relay", "tcp6" },
        { "relay", "abstract" },
    };

    [SkippableTheory]
    [MemberData(nameof(Forms))]
    public async Task TwentyClientsAtOnce_EachHasItsOwnProgram(string verb, string kind)
    {
        await using ListeningCommand parley = await ListenAsync(verb, kind, [], "cat");

        await Task.WhenAll(Enumerable.Range(0, 20).Select(async _ =>
        {
            byte[] said = Random(512 * Kilobyte);
            using Socket client = await RawSocket.ConnectAsync(parley.Endpoint);
            MustEqual(said, await RawSocket.ExchangeAsync(client, said));
        })).WaitAsync(Limits.Transfer);

        await NoChildrenAsync(parley);
        Assert.Empty(parley.Messages);
        (await parley.StopAsync()).MustExit(0);
    }

    [SkippableTheory]
    [MemberData(nameof(Forms))]
    public async Task HalfCloseOfTheClient_IsTheEndOfTheInput(string verb, string kind)
    {
        await using ListeningCommand parley = await ListenAsync(verb, kind, [], "sort");
        using Socket client = await RawSocket.ConnectAsync(parley.Endpoint);

        await RawSocket.SendAndShutdownAsync(client, "b\na\n"u8.ToArray());

        Assert.Equal("a\nb\n"u8.ToArray(), await RawSocket.ReadToEndAsync(client));
    }

    [SkippableTheory]
    [InlineData("serve", "read x; exit 9", 9)]
    [InlineData("relay", "read x; exit 9", 9)]
    [InlineData("serve", "read x; echo heard; exit 0", 0)]
    [InlineData("serve", "exit 4", 4)]
    [InlineData("relay", "read x; kill -KILL $$", 137)]
    public async Task Once_ExitCode_IsTheChilds(string verb, string script, int code)
    {
        await using ListeningCommand parley = await ListenAsync(verb, "unix", ["--once"], "sh", "-c", script);
        using (Socket client = await RawSocket.ConnectAsync(parley.Endpoint))
        {
            await Record.ExceptionAsync(() => RawSocket.SendAsync(client, "line\n"u8.ToArray()));

            // The client keeps its side open: a program that has exited is the end, or, where it was killed, a break.
            await Record.ExceptionAsync(() => RawSocket.ReadToEndAsync(client));
        }

        (await parley.EndAsync()).MustExit(code);
    }

    [Fact]
    public async Task Once_ProbeThatSaysNothing_IsNoClient()
    {
        await using ListeningCommand parley = await ListenAsync("serve", "tcp4", ["--once"], "cat");
        using (Socket probe = await RawSocket.ConnectAsync(parley.Endpoint))
            RawSocket.Reset(probe);
        using (Socket probe = await RawSocket.ConnectAsync(parley.Endpoint))
            await RawSocket.SendAndShutdownAsync(probe, Array.Empty<byte>());
        await NoChildrenAsync(parley);

        using Socket client = await RawSocket.ConnectAsync(parley.Endpoint);
        MustEqual("said"u8.ToArray(), await RawSocket.ExchangeAsync(client, "said"u8.ToArray()));

        (await parley.EndAsync()).MustExit(0);
    }

    [Fact]
    public async Task KilledChild_ItsClientIsReset_AndTheNextOneServed()
    {
        await using ListeningCommand parley = await ListenAsync("serve", "tcp4", ["-v"], "sh", "-c", "echo $$; exec cat");
        using (Socket client = await RawSocket.ConnectAsync(parley.Endpoint))
        {
            Signals.Send(await ReadNumberAsync(client), Signal.Kill);

            await Assert.ThrowsAsync<SocketException>(() => RawSocket.ReadToEndAsync(client));
        }

        await parley.Process.WaitForErrorAsync(@"^exec: -- sh \(pid \d+\): exit code 137 \(signal 9\)$");
        using Socket next = await RawSocket.ConnectAsync(parley.Endpoint);
        await RawSocket.SendAndShutdownAsync(next, "said"u8.ToArray());
        Assert.EndsWith("\nsaid", Encoding.UTF8.GetString(await RawSocket.ReadToEndAsync(next)), StringComparison.Ordinal);
    }

    [Fact]
    public async Task ClientThatGoesAway_EndsItsProgram()
    {
        await using ListeningCommand parley = await ListenAsync("serve", "tcp4", [], "yes");
        using (Socket client = await RawSocket.ConnectAsync(parley.Endpoint))
        {
            await RawSocket.ReadExactlyAsync(client, 2);
            RawSocket.Reset(client);
        }

        await NoChildrenAsync(parley);
    }

    [Fact]
    public async Task Verbose_TellsEachExitCode()
    {
        await using ListeningCommand parley = await ListenAsync("relay", "unix", ["-v"], "sh", "-c", "read code; exit $code");
        for (int code = 0; code < 3; code++)
        {
            using Socket client = await RawSocket.ConnectAsync(parley.Endpoint);
            await RawSocket.SendAsync(client, Encoding.ASCII.GetBytes($"{code}\n"));
            await RawSocket.ReadToEndAsync(client);
            await parley.Process.WaitForErrorAsync($@"^exec: -- sh \(pid \d+\): exit code {code}$");
        }
    }

    [SkippableFact]
    public async Task Terminated_StubbornChildIsKilledAfterTheDrain()
    {
        string program = await CPrograms.PathOfAsync("stubborn");
        await using ListeningCommand parley = await ListenAsync("serve", "unix", ["--drain-timeout", "0.5"], program);
        using Socket client = await RawSocket.ConnectAsync(parley.Endpoint);
        int child = await ReadNumberAsync(client);

        CommandResult result = await parley.StopAsync();

        result.MustExit(1);
        Assert.False(Directory.Exists($"/proc/{child}"), "the child outlived the server");
    }

    [Fact]
    public async Task Terminated_ChildThatEndsWithItsClient_IsDrained()
    {
        await using ListeningCommand parley = await ListenAsync("serve", "unix", [], "sh", "-c", "echo 1; cat");
        using Socket client = await RawSocket.ConnectAsync(parley.Endpoint);
        await ReadNumberAsync(client);

        parley.Process.Send(Signal.Terminate);
        await RawSocket.SendAndShutdownAsync(client, "last"u8.ToArray());

        Assert.Equal("last"u8.ToArray(), await RawSocket.ReadToEndAsync(client));
        (await parley.EndAsync()).MustExit(0);
    }

    [Fact]
    public async Task StandardStreamsClosed_TheChildsPipesAreRight()
    {
        string endpoint = Endpoints.New("unix", _folder);
        await using ChildProcess process = Command.StartScript("exec " + Command.Shell("serve", endpoint, "--exec", "--", "cat") + " 0<&- 1>&-");
        ListeningCommand parley = await ListeningCommand.WhenReadyAsync(process);
        using Socket client = await RawSocket.ConnectAsync(parley.Endpoint);

        MustEqual("said"u8.ToArray(), await RawSocket.ExchangeAsync(client, "said"u8.ToArray()));
    }

    [Fact]
    public async Task MaxConnections_BoundsThePrograms()
    {
        await using ListeningCommand parley = await ListenAsync("serve", "unix", ["--max-connections", "1"], "sh", "-c", "echo $$; exec cat");
        using Socket first = await RawSocket.ConnectAsync(parley.Endpoint);
        await ReadNumberAsync(first);
        using Socket second = await RawSocket.ConnectAsync(parley.Endpoint);
        Assert.Single(Children(parley.Process.Id));

        await RawSocket.SendAndShutdownAsync(first, Array.Empty<byte>());
        await RawSocket.ReadToEndAsync(first);

        Assert.NotEqual(0, await ReadNumberAsync(second));
    }

    [Theory]
    [InlineData("serve", "no-such-program", 3, "no such program (ENOENT)")]
    [InlineData("relay", "no-such-program", 3, "no such program (ENOENT)")]
    [InlineData("serve", "/no/such/program", 3, "no such program (ENOENT)")]
    [InlineData("serve", "/etc/passwd", 6, "this user may not execute it (EACCES)")]
    [InlineData("relay", "/tmp", 6, "it is a directory (EACCES)")]
    public async Task ProgramThatCannotBeStarted_IsToldBeforeAnybodyComes(string verb, string program, int code, string cause)
    {
        string endpoint = Endpoints.New("unix", _folder);
        string[] words = verb is "serve" ? ["serve", endpoint, "--exec", "--", program] : ["relay", endpoint, "exec:", "--", program];

        CommandResult result = (await Command.RunAsync(words)).MustExit(code);

        Assert.StartsWith($"parley: cannot start exec: -- {program}: {cause}\n  hint: ", result.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task ProgramThatIsGoneByTheTimeAClientComes_IsTold()
    {
        string program = _folder["program"];
        await File.WriteAllTextAsync(program, "#!/bin/sh\n");
        File.SetUnixFileMode(program, UnixFileMode.UserRead | UnixFileMode.UserExecute);
        await using ListeningCommand parley = await ListenAsync("serve", "unix", ["--once"], program);
        File.Delete(program);
        using Socket client = await RawSocket.ConnectAsync(parley.Endpoint);

        CommandResult result = (await parley.EndAsync()).MustExit(3);

        Assert.Contains($"parley: cannot start exec: -- {program}: no such program (ENOENT)", result.Error, StringComparison.Ordinal);
    }

    private Task<ListeningCommand> ListenAsync(string verb, string kind, string[] options, params string[] program)
    {
        string endpoint = Endpoints.New(kind, _folder);
        return verb == "serve"
            ? Command.ListenAsync(["serve", endpoint, "--exec", .. options, "--", .. program])
            : Command.ListenAsync(["relay", endpoint, "exec:", .. options, "--", .. program]);
    }

    private static async Task<int> ReadNumberAsync(Socket client)
    {
        string text = "";
        while (!text.EndsWith('\n'))
            text += Encoding.ASCII.GetString(await RawSocket.ReadExactlyAsync(client, 1));
        return int.Parse(text, CultureInfo.InvariantCulture);
    }

    private static Task NoChildrenAsync(ListeningCommand parley)
        => Eventually.TrueAsync(() => Children(parley.Process.Id).Length == 0, () => $"every child is gone and reaped: {parley.Process.Describe()}");

    private static string[] Children(int process) => [.. Directory.GetDirectories($"/proc/{process}/task")
        .SelectMany(task => Read(Path.Combine(task, "children")).Split(' ', StringSplitOptions.RemoveEmptyEntries))];

    private static string Read(string file)
    {
        try
        {
            return File.ReadAllText(file);
        }
        catch (IOException)
        {
            // The thread is gone between the two looks.
            return "";
        }
    }
}
