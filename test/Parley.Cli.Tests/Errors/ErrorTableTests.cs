namespace Parley.Cli.Tests.Errors;

/// <summary>The table of errors: arguments, exit code, cause, hint.</summary>
public sealed class ErrorTableTests : IDisposable
{
    private readonly TestFolder _folder = new();
    private readonly List<IDisposable> _open = [];

    /// <summary>Words in braces are set up by <see cref="Expand"/>.</summary>
    public static TheoryData<string, string, string, string> Impossible => new()
    {
        { "connect tcp://no-such-host.invalid:5000", "3", @"cannot connect to tcp://no-such-host\.invalid:5000: .*(host not found|EAI_)", "" },
        { "connect {unused}", "3", @"cannot connect to {unused}: connection refused \(ECONNREFUSED\)", "parley serve {unused}" },
        { "ping {unused}", "3", @"{unused}.*ECONNREFUSED", "" },
        { "serve {taken}", "3", @"cannot listen on {taken}: .*EADDRINUSE", "" },
        { "listen {taken}", "3", @"cannot listen on {taken}: .*EADDRINUSE", "" },
        { "relay {taken} {unused}", "3", @"cannot listen on {taken}: .*EADDRINUSE", "" },
        { "connect tcp://127.0.0.1:99999", "2", "wrong endpoint .*99999", "" },
        { "connect 127.0.0.1:99999", "2", "wrong endpoint .*99999", "" },
        { "serve tcp://127.0.0.1:99999", "2", "wrong endpoint .*99999", "" },
        { "connect tcp://127.0.0.1:-1", "2", "wrong endpoint .*-1", "" },
        { "connect tcp://127.0.0.1:http", "2", "wrong endpoint .*http", "" },
        { "connect tcp://127.0.0.1", "2", "wrong endpoint .*port", "" },
        { "connect tcp://", "2", "wrong endpoint", "" },
        { "connect tpc://localhost:1", "2", "wrong endpoint 'tpc://localhost:1': unknown scheme 'tpc'", "did you mean tcp://localhost:1" },
        { "serve tpc://localhost:1", "2", "wrong endpoint 'tpc://localhost:1': unknown scheme 'tpc'", "did you mean tcp://localhost:1" },
        { "serve --mesage x", "2", "unknown option --mesage", "did you mean --message" },
        { "receive mq:/q --cout 3", "2", "unknown option --cout", "did you mean --count" },
        { "create shm:demo", "2", "shared memory is made by who listens on its name", "listen with: parley serve shm:demo" },
        { "relay {any} uinx:/tmp/s", "2", "wrong endpoint 'uinx:/tmp/s'", "did you mean unix:/tmp/s" },
        { "connect unix:", "2", "wrong endpoint", "" },
        { "connect unix:{folder}/none", "3", @"cannot connect to unix:{folder}/none: .*ENOENT", "" },
        { "serve unix:{folder}/none/s", "3", @"cannot listen on unix:{folder}/none/s: .*ENOENT", "" },
        { "connect unix:{long}", "2", "wrong endpoint .*(10[78]|too long|ENAMETOOLONG)", "" },
        { "serve unix:{long}", "2", "wrong endpoint .*(10[78]|too long|ENAMETOOLONG)", "" },
        { "connect unix:@{long}", "2", "wrong endpoint .*(10[78]|too long|ENAMETOOLONG)", "" },
        { "connect unix:{folder}", "3", @"cannot connect to unix:{folder}: the path is a directory \(ECONNREFUSED\)", Failure.None },
        { "serve unix:{folder}", "3", @"cannot listen on unix:{folder}: .*(directory|\(E[A-Z]+\))", "" },
        { "connect unix:{file}", "3", @"cannot connect to unix:{file}: the path is not a socket \(ECONNREFUSED\)", Failure.None },
        { "ping unix:{file} --wait 0.1", "4", "unix:{file}: .*the path is not a socket", Failure.None },
        { "connect unix:{link}", "3", @"cannot connect to unix:{link}: connection refused \(ECONNREFUSED\)", "parley serve unix:{link}" },
        { "serve unix:{file}", "3", @"cannot listen on unix:{file}: .*\(E[A-Z]+\)", "" },
        { "connect pipe:", "2", "wrong endpoint 'pipe:': the name is missing", "" },
        { "serve pipe:a/b", "2", "wrong endpoint 'pipe:a/b': .*slash", "" },
        { "serve pipe:anonymous", "2", "wrong endpoint .*anonymous", "" },
        { "connect pipe:{folder}/none", "3", @"cannot connect to pipe:{folder}/none: .*ENOENT", "parley serve pipe:{folder}/none" },
        { "ping pipe:{folder}/none", "3", @"cannot connect to pipe:{folder}/none: .*ENOENT", "" },
        { "listen pipe:{folder}/none/p", "3", @"cannot listen on pipe:{folder}/none/p: .*ENOENT", "" },
        { "connect pipe:{long}", "3", @"cannot connect to pipe:{long}: .*108 bytes.*ENAMETOOLONG", "shorter name" },
        { "serve pipe:{long}", "3", @"cannot listen on pipe:{long}: .*108 bytes.*ENAMETOOLONG", "shorter name" },
        { "connect pipe:{folder}", "3", @"cannot connect to pipe:{folder}: .*\(E[A-Z]+\)", "" },
        { "serve pipe:{folder}", "3", @"cannot listen on pipe:{folder}: .*directory", "" },
        { "connect pipe:{file}", "3", @"cannot connect to pipe:{file}: .*\(E[A-Z]+\)", "" },
        { "relay pipe:{file} {unused}", "3", @"cannot listen on pipe:{file}: .*not a socket", "" },
        { "inspect shm:{folder}/none", "3", @"cannot open shm:{folder}/none: .*ENOENT", "parley serve shm:{folder}/none" },
        { "remove shm:{folder}/none", "3", @"cannot remove shm:{folder}/none: .*ENOENT", Failure.None },
        { "inspect shm:parley-test-none", "3", @"cannot open shm:parley-test-none: .*ENOENT", "parley list" },
        { "remove shm:parley-test-none", "3", @"cannot remove shm:parley-test-none: .*ENOENT", "parley list" },
        { "create amqp://127.0.0.1:1?queue=none", "3", "cannot create amqp://127.0.0.1:1.*ECONNREFUSED", "no broker listens there" },
        { "inspect amqp://127.0.0.1:1?queue=none", "3", "cannot open amqp://127.0.0.1:1.*ECONNREFUSED", "no broker listens there" },
        { "remove amqp://127.0.0.1:1?queue=none", "3", "cannot remove amqp://127.0.0.1:1.*ECONNREFUSED", "no broker listens there" },
        { "connect {full} --timeout 1", "4", "cannot connect to {full}: .*(timed out|ETIMEDOUT)", "" },
        { "ping {full} --timeout 1", "4", "{full}.*(timed out|ETIMEDOUT)", "" },
        { "connect unix:{busy} --timeout 1", "4", "cannot connect to unix:{busy}: .*(timed out|ETIMEDOUT)", "" },
        { "connect {full} --timeout 0.5 --retry 1", "4", "cannot connect to {full}: .*(timed out|ETIMEDOUT)", "" },
    };

    public static TheoryData<string, string, string, string> Usage => new()
    {
        { "serve {any} --message", "2", "--message", "" },
        { "connect {unused} --timeout", "2", "--timeout", "" },
        { "connect {unused} --timeout soon", "2", "--timeout|soon", "" },
        { "connect {unused} --timeout -1", "2", "--timeout|-1", "" },
        { "serve {any} --backlog many", "2", "--backlog|many", "" },
        { "serve {any} --backlog -1", "2", "--backlog|-1", "" },
        { "serve {any} --max-connections 0", "2", "--max-connections|'0'", "" },
        { "serve unix:{folder}/s --mode 9", "2", "--mode|'9'", "" },
        { "serve {any} --mode 0600", "2", @"--mode is for the file of a Unix socket, which tcp://127\.0\.0\.1:0 has not", "" },
        { "listen unix:@{folder} --mode 0600 --dry-run", "2", "--mode is for the file of a Unix socket, which unix:@{folder} has not", "" },
        { "relay {any} {unused} --mode 0600", "2", "--mode is for the file of a Unix socket", "" },
        { "serve pipe:p --mode 0666", "2", "--mode lets nobody else in at pipe:p unless they are named", "--allow uid:N" },
        { "serve shm:/tmp/x --mode 0666 --dry-run", "2", "--mode lets nobody else in at shm:/tmp/x unless they are named", "--allow uid:N" },
        { "serve {any} --no-such-option", "2", "--no-such-option", "" },
        { "connect {unused} --no-such-option", "2", "--no-such-option", "" },
        { "srve", "2", "srve", "serve" },
        { "help srve", "2", "unknown verb 'srve'", "parley help serve" },
        { "help serve connect", "2", "connect", "" },
        { "serve {any} --echo --discard", "2", "--echo.*--discard|--discard.*--echo", "" },
        { "serve {any} --message x --file y", "2", "--message.*--file|--file.*--message", "" },
        { "connect {unused} --receive-only --send-only", "2", "--receive-only.*--send-only|--send-only.*--receive-only", "" },
        { "relay {any}", "2", "target|argument", "" },
        { "relay {unused} {unused}", "2", "{unused} would be joined to itself", "" },
        { "relay tcp://0.0.0.0:5000 tcp://127.0.0.1:5000", "2", "would be joined to itself", "" },
        { "relay tcp://[::]:5000 tcp://127.0.0.1:5000", "2", "would be joined to itself", "" },
        { "relay tcp://127.0.0.1:5000 LocalHost:5000", "2", "would be joined to itself", "" },
        { "relay some.example:5000 Some.Example:5000 --dry-run", "2", "would be joined to itself", "" },
        { "relay unix:{folder}/s unix:{folder}/./s", "2", "unix:{folder}/s would be joined to itself", "" },
        { "relay unix:@{folder} unix:@{folder}", "2", "would be joined to itself", "" },
        { "connect {unused} {unused}", "2", "", "" },
        { "serve {any} --file {folder}/none", "1", "cannot open {folder}/none: .*ENOENT", "" },
        { "serve {any} --file {folder}", "1", @"cannot open {folder}: is a directory \(EISDIR\)", "" },
        { "serve {any} --file /dev/stdin", "1", "/dev/stdin", "" },
    };

    public void Dispose()
    {
        _open.ForEach(one => one.Dispose());
        _folder.Dispose();
    }

    [Theory]
    [MemberData(nameof(Impossible))]
    public Task Endpoint_ThatCannotBe_IsOneLineWithTheCause(string arguments, string exit, string cause, string hint) =>
        MustFailAsync(arguments, exit, cause, hint);

    [Theory]
    [MemberData(nameof(Usage))]
    public Task Usage_ThatIsWrong_IsOneLineWithTheCause(string arguments, string exit, string cause, string hint) =>
        MustFailAsync(arguments, exit, cause, hint);

    [Fact]
    public async Task Serve_WrongEndpoint_OpensNothing()
    {
        CommandResult result = await Command.RunAsync("serve", $"unix:{_folder["s"]}", "--file", _folder["none"]);

        Assert.NotEqual(0, result.ExitCode);
        Assert.False(File.Exists(_folder["s"]));
    }

    private async Task MustFailAsync(string arguments, string exit, string cause, string hint)
    {
        var words = new Dictionary<string, string>(StringComparer.Ordinal);
        string[] expanded = [.. arguments.Split(' ').Select(word => Fill(word, words))];

        CommandResult result = await Command.RunAsync(expanded);

        Failure.MustBe(result, exit, Fill(cause, words), Fill(hint, words));
        Assert.Empty(result.Output);
    }

    private string Fill(string text, Dictionary<string, string> known)
    {
        foreach (string name in new[] { "any", "unused", "taken", "full", "busy", "folder", "file", "link", "long" })
        {
            string word = $"{{{name}}}";
            if (!text.Contains(word, StringComparison.Ordinal))
                continue;
            if (!known.ContainsKey(name))
                known[name] = Expand(name);
            text = text.Replace(word, known[name], StringComparison.Ordinal);
        }

        return text;
    }

    private string Expand(string name)
    {
        switch (name)
        {
            case "any":
                return "tcp://127.0.0.1:0";
            case "unused":
                return RawSocket.EndpointOf(Keep(RawSocket.Bind("tcp://127.0.0.1:0")));
            case "taken":
                return RawSocket.EndpointOf(Keep(RawSocket.Listen()));
            case "full":
                return Keep(FullBacklog.Open()).Endpoint;
            case "busy":
                return Keep(FullBacklog.Open($"unix:{_folder["busy"]}")).Endpoint["unix:".Length..];
            case "folder":
                return _folder.Path;
            case "file":
                File.WriteAllText(_folder["file"], "not a socket");
                return _folder["file"];
            case "link":
                Keep(RawSocket.Bind($"unix:{_folder["dead"]}"));
                File.CreateSymbolicLink(_folder["link"], _folder["dead"]);
                return _folder["link"];
            case "long":
                return _folder["x"].PadRight(108, 'x');
            default:
                throw new ArgumentOutOfRangeException(nameof(name), name, "unknown");
        }
    }

    private T Keep<T>(T one)
        where T : IDisposable
    {
        _open.Add(one);
        return one;
    }
}
