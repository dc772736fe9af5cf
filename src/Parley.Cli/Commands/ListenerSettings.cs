using System.CommandLine;
using System.Net;
using System.Net.Sockets;

namespace Parley.Cli.Commands;

/// <summary>Options of the verbs that listen.</summary>
/// <param name="oneClient">Whether it is for one client, who needs no limit on how many there are.</param>
internal sealed class ListenerSettings(bool oneClient = false)
{
    private const int TutorialBacklog = 10;
    private const int HighestRate = 1_000_000;

    /// <summary>In words what <see cref="HasFile"/> decides.</summary>
    private const string KindsWithFile = "a Unix socket";

    private readonly Option<int?> _backlog = NumberOption.Create(
        "--backlog",
        oneClient
            ? "How many may wait in the kernel's queue until the client is found among them (default 10)"
            : "How many clients the kernel queues until they are accepted (default 10)",
        1);
    private readonly Option<int?> _maxConnections = NumberOption.Create("--max-connections", "How many clients at once; further ones wait (default: what the limit on descriptors allows)", 1);
    private readonly Option<int?> _maxPerPeer = NumberOption.Create("--max-connections-per-peer", "How many connections at once one peer may have: an address, an IPv6 network of 64 bits, a user; further ones are refused (default: no limit)", 1);
    private readonly Option<int?> _connectRate = NumberOption.Create("--connect-rate", "How many connections a second one peer may make; further ones are refused (default: no limit)", 1);
    private readonly AccessSettings _access = new("clients");
    private readonly Option<TimeSpan?> _idleTimeout = TimeOption.Create("--idle-timeout", "Break off a conversation over which no byte moved for so long (default: never)");
    private readonly Option<TimeSpan?> _writeTimeout = TimeOption.Create(
        "--write-timeout",
        oneClient
            ? "Break off when the client takes nothing of what is sent for so long (default: never)"
            : "Break off a peer that takes nothing of what is sent for so long (default: 60 for serve, otherwise never)");
    private readonly Option<TimeSpan?> _drainTimeout = TimeOption.Create(
        "--drain-timeout",
        oneClient
            ? "How long the close waits for the client to take what was sent (default 10)"
            : "How long conversations may go on after SIGINT, SIGTERM or SIGHUP, and a close waits for its peer (default 10)");
    private readonly Option<UnixFileMode?> _mode = ModeOption.Create("Permissions of a Unix socket's file, with --allow uid:N of a named pipe's or shm:/path too, in octal (default 0600: this user only)");

    internal void AddTo(Command command)
    {
        command.Options.Add(_backlog);
        if (!oneClient)
        {
            command.Options.Add(_maxConnections);
            command.Options.Add(_maxPerPeer);
            command.Options.Add(_connectRate);
        }

        _access.AddTo(command);
        command.Options.Add(_idleTimeout);
        command.Options.Add(_writeTimeout);
        command.Options.Add(_drainTimeout);
        command.Options.Add(_mode);
    }

    internal TimeSpan DrainTimeout(ParseResult parsed) => parsed.GetValue(_drainTimeout) ?? TimeSpan.FromSeconds(10);

    internal TimeSpan IdleTimeout(ParseResult parsed) => parsed.GetValue(_idleTimeout).Infinite();

    internal ListenerOptions Get(ParseResult parsed, EndPoint local, CallObserver? observer, TimeSpan writeTimeout)
    {
        var options = new ListenerOptions
        {
            Backlog = parsed.GetValue(_backlog) ?? TutorialBacklog,
            MaxConnections = parsed.GetValue(_maxConnections),
            MaxConnectionsPerPeer = oneClient ? null : parsed.GetValue(_maxPerPeer),
            ConnectRatePerPeer = oneClient ? null : parsed.GetValue(_connectRate),
            AccessRules = _access.Get(parsed, local),
            IdleTimeout = IdleTimeout(parsed),
            WriteTimeout = parsed.GetValue(_writeTimeout) ?? writeTimeout,
            CloseTimeout = DrainTimeout(parsed),
            RunContinuationsInline = true,
            CallObserver = observer,
            LoggerFactory = new Output.StandardErrorLogger(),
        };
        if (parsed.GetValue(_mode) is UnixFileMode mode)
            options.UnixSocketMode = mode;
        return options;
    }

    /// <summary>Where to listen, if the options make sense there.</summary>
    internal EndPoint GetLocal(ParseResult parsed, Argument<string> argument) => Check(parsed, EndPointArgument.GetRemote(parsed, argument));

    /// <exception cref="UsageException">An option makes no sense there.</exception>
    internal EndPoint Check(ParseResult parsed, EndPoint local)
    {
        AccessRules? rules = GetAccess(parsed, local);
        if (!KnowsPeers(local) && (Given(parsed, _maxPerPeer) ?? Given(parsed, _connectRate)) is { } quota)
            throw new UsageException($"{quota.Name}: which clients are one peer's cannot be known at {ParleyEndPoint.Format(local)}");
        if (parsed.GetValue(_connectRate) > HighestRate)
            throw new UsageException($"--connect-rate: at most {HighestRate}");
        if (parsed.GetValue(_mode) is not null && !HasFile(local, rules))
        {
            if (local is NamedPipeEndPoint or SharedMemoryEndPoint { Name: ['/', ..] })
                throw new UsageException($"--mode lets nobody else in at {ParleyEndPoint.Format(local)} unless they are named", "name them as well: --allow uid:N, gid:N or user:NAME");
            throw new UsageException(
                $"--mode is for the file of {KindsWithFile}, which {ParleyEndPoint.Format(local)} has not", "other users can reach a socket: unix:/path --mode 0666; a named pipe or shm:/path too, if --allow uid:N names them");
        }

        return local;
    }

    /// <summary>Who may be at the other end, of an endpoint that is connected to as well.</summary>
    internal AccessRules? GetAccess(ParseResult parsed, EndPoint endPoint) => _access.Get(parsed, endPoint);

    /// <exception cref="UsageException">Options of a listener are given where nobody listens.</exception>
    internal void RefuseAll(ParseResult parsed, EndPoint endPoint, bool exceptDrainTimeout = false)
    {
        Option?[] given =
        [
            Given(parsed, _backlog), Given(parsed, _maxConnections), Given(parsed, _maxPerPeer), Given(parsed, _connectRate), Given(parsed, _mode),
            Given(parsed, _idleTimeout), Given(parsed, _writeTimeout),
            exceptDrainTimeout ? null : Given(parsed, _drainTimeout),
        ];
        if (Array.Find(given, static option => option is not null) is { } first)
            throw new UsageException($"{first.Name} is for a listener: nobody listens for clients on {ParleyEndPoint.Format(endPoint)} here");
    }

    private static Option? Given(ParseResult parsed, Option option) => parsed.GetResult(option) is { Implicit: false } ? option : null;

    // An abstract name, which is written with an @, has no file.
    // A named pipe's and shared memory's lets in nobody else, unless somebody else is named.
    private static bool HasFile(EndPoint local, AccessRules? rules) => local switch
    {
        UnixDomainSocketEndPoint unix => !unix.ToString().StartsWith('@'),
        SharedMemoryEndPoint shared => shared.Name.StartsWith('/') && AccessSettings.NamesUsers(rules),
        NamedPipeEndPoint => AccessSettings.NamesUsers(rules),
        _ => false,
    };

    private static bool KnowsPeers(EndPoint local)
        => local is IPEndPoint or DnsEndPoint or TlsEndPoint or UnixDomainSocketEndPoint or NamedPipeEndPoint or SharedMemoryEndPoint;
}
