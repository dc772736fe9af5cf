using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;

namespace Parley.Tests;

/// <summary>
/// A broker of this run's own: its ports, its data, its name server. Debian's programs are run as they are, without the system's service. When the test process dies, so does it.
/// </summary>
internal sealed class Broker : IAsyncDisposable
{
    internal const string User = "tester";
    internal const string Password = "hunter2";
    internal const string Control = "/usr/lib/rabbitmq/bin/rabbitmqctl";

    private const string Program = "/usr/lib/rabbitmq/bin/rabbitmq-server";
    private static readonly TimeSpan StartLimit = TimeSpan.FromSeconds(120);

    private readonly TestFolder _folder = new();
    private readonly Dictionary<string, string> _environment;
    private readonly BrokerNames _names;
    private readonly bool _ownsNames;
    private Process? _process;

    private Broker(BrokerNames? names, bool asksForCertificates)
    {
        _ownsNames = names is null;
        _names = names ?? new BrokerNames();
        Port = FreePort();
        SecurePort = FreePort();
        Node = $"parley-{Guid.NewGuid():N}@localhost";
        File.WriteAllText(_folder[".erlang.cookie"], _names.Cookie);
        File.SetUnixFileMode(_folder[".erlang.cookie"], UnixFileMode.UserRead | UnixFileMode.UserWrite);
        File.WriteAllText(_folder["plugins"], "[].");
        using X509Certificate2 own = Authority.Sign();
        Authority.WriteTo(AuthorityFile);
        File.WriteAllText(_folder["server.pem"], own.ExportCertificatePem());
        File.WriteAllText(_folder["server.key"], own.GetECDsaPrivateKey()!.ExportECPrivateKeyPem());
        File.WriteAllText(
            _folder["rabbitmq.conf"],
            $"""
            listeners.tcp.1 = 127.0.0.1:{Port}
            listeners.ssl.1 = 127.0.0.1:{SecurePort}
            ssl_options.cacertfile = {AuthorityFile}
            ssl_options.certfile = {_folder["server.pem"]}
            ssl_options.keyfile = {_folder["server.key"]}
            ssl_options.verify = {(asksForCertificates ? "verify_peer" : "verify_none")}
            ssl_options.fail_if_no_peer_cert = {(asksForCertificates ? "true" : "false")}
            loopback_users = none
            default_user = {User}
            default_pass = {Password}
            disk_free_limit.absolute = 1MB
            vm_memory_high_watermark.absolute = 1GB

            """);
        _environment = new Dictionary<string, string>
        {
            ["HOME"] = _folder.Path,
            ["ERL_EPMD_PORT"] = $"{_names.Port}",
            ["ERL_EPMD_ADDRESS"] = "127.0.0.1",
            ["RABBITMQ_NODENAME"] = Node,
            ["RABBITMQ_DIST_PORT"] = $"{FreePort()}",
            ["RABBITMQ_MNESIA_BASE"] = _folder["data"],
            ["RABBITMQ_LOG_BASE"] = _folder["log"],
            ["RABBITMQ_CONFIG_FILE"] = _folder["rabbitmq"],
            ["RABBITMQ_ENABLED_PLUGINS_FILE"] = _folder["plugins"],
            ["RABBITMQ_PID_FILE"] = _folder["pid"],
            ["RABBITMQ_CONF_ENV_FILE"] = "/dev/null",
        };
    }

    internal TestAuthority Authority { get; } = new();

    internal string AuthorityFile => _folder["authority.pem"];

    internal int Port { get; }

    internal int SecurePort { get; }

    internal string Node { get; }

    /// <summary>With this, <c>rabbitmqctl</c> finds it.</summary>
    internal IReadOnlyDictionary<string, string> Environment => _environment;

    private int ProcessId => int.Parse(File.ReadAllText(_folder["pid"]).Trim(), System.Globalization.CultureInfo.InvariantCulture);

    internal static void SkipWhereThereIsNone()
        => Skip.IfNot(File.Exists(Program) && File.Exists("/usr/bin/epmd"), "Debian's rabbitmq-server is not there");

    /// <summary>A broker that is ready.</summary>
    /// <param name="names">The name server that it shares with others; by default its own.</param>
    /// <param name="asksForCertificates">By TLS it talks only to those with a certificate of its authority.</param>
    internal static async Task<Broker> StartAsync(BrokerNames? names = null, bool asksForCertificates = false)
    {
        SkipWhereThereIsNone();
        var broker = new Broker(names, asksForCertificates);
        try
        {
            await broker.StartAgainAsync();
            return broker;
        }
        catch
        {
            await broker.DisposeAsync();
            throw;
        }
    }

    internal AmqpEndPoint EndPoint(string queue, bool isSecure = false)
        => new(new IPEndPoint(IPAddress.Loopback, isSecure ? SecurePort : Port), queue, isSecure) { UserName = User, Password = Password };

    /// <summary>Starts it with the data that it has.</summary>
    internal async Task StartAgainAsync()
    {
        File.Delete(_folder["pid"]);
        var start = new ProcessStartInfo("/bin/sh") { RedirectStandardInput = true };
        start.ArgumentList.Add("-c");

        // The end of this shell's input is the end of the test run.
        start.ArgumentList.Add($"{Program} > {_folder["out"]} 2>&1 < /dev/null & read -r line; kill -9 $(cat {_folder["pid"]}) 2> /dev/null; wait");
        foreach ((string name, string value) in _environment)
            start.Environment[name] = value;
        _process = Process.Start(start)!;
        long started = Stopwatch.GetTimestamp();
        while (!await IsReadyAsync())
        {
            if (_process.HasExited || Stopwatch.GetElapsedTime(started) > StartLimit)
                throw new InvalidOperationException($"the broker did not start:\n{await File.ReadAllTextAsync(_folder["out"])}");
            await Task.Delay(50);
        }
    }

    /// <summary>kill -9, and nothing of it is left but its data.</summary>
    internal async Task KillAsync()
    {
        Native.Signal(ProcessId, Native.SIGKILL);
        await _process!.StandardInput.DisposeAsync();
        await _process.WaitForExitAsync().Within();
        _process.Dispose();
        _process = null;
    }

    /// <summary>
    /// What it knows of its queues is on disk then. RabbitMQ writes some of it seconds later, and a quorum queue of one node that is killed before has no leader ever after
    /// (rabbitmq-server issue 10070): nobody's messages are confirmed any more.
    /// </summary>
    internal Task SyncAsync() => ControlAsync("eval", "[dets:sync(T) || T <- dets:all()].");

    /// <summary>After that its threads may still run for a while: see <see cref="IsFrozen"/>.</summary>
    internal void Freeze() => Native.Signal(ProcessId, Native.SIGSTOP);

    internal bool IsFrozen() => Directory.GetDirectories($"/proc/{ProcessId}/task")
        .All(static thread => File.ReadAllText($"{thread}/stat") is { } stat && stat[stat.LastIndexOf(')') + 2] == 'T');

    internal void Thaw() => Native.Signal(ProcessId, Native.SIGCONT);

    internal async Task<string> ControlAsync(params string[] arguments)
    {
        var start = new ProcessStartInfo(Control) { RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (string argument in (string[])["-n", Node, .. arguments])
            start.ArgumentList.Add(argument);
        foreach ((string name, string value) in _environment)
            start.Environment[name] = value;
        using Process process = Process.Start(start)!;
        Task<string> output = process.StandardOutput.ReadToEndAsync();
        string errors = await process.StandardError.ReadToEndAsync().Within(StartLimit);
        await process.WaitForExitAsync().Within(StartLimit);
        Assert.True(process.ExitCode == 0, errors);
        return await output;
    }

    public async ValueTask DisposeAsync()
    {
        if (_process is not null)
        {
            if (File.Exists(_folder["pid"]))
                await KillAsync();
            else
                await _process.StandardInput.DisposeAsync();
        }

        if (_ownsNames)
            _names.Dispose();
        _folder.Dispose();
    }

    internal static int FreePort()
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        return ((IPEndPoint)socket.LocalEndPoint!).Port;
    }

    // Its listeners are the last that it opens.
    private async Task<bool> IsReadyAsync()
    {
        try
        {
            if (!File.Exists(_folder["pid"]))
                return false;
            foreach (int port in (int[])[Port, SecurePort])
            {
                using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
                await socket.ConnectAsync(IPAddress.Loopback, port);
            }

            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }
}
